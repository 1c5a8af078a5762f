"""`keras.layers`: layers that prepare data."""
