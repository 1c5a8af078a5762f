"""`keras.layers`: poolings over one, two or three dimensions."""
