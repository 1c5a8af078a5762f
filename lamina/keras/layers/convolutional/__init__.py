"""`keras.layers`: convolutions over one, two or three dimensions."""
