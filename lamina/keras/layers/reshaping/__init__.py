"""`keras.layers`: layers that move, repeat, pad or crop values."""
