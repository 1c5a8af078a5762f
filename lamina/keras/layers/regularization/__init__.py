"""`keras.layers`: layers that act in training only."""
