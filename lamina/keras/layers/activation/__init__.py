"""`keras.layers`: layers that apply an activation."""
