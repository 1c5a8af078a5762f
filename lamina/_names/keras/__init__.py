"""Public names of Keras, one table a family."""
