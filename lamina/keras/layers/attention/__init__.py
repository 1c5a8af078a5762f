"""`keras.layers`: attention layers."""
