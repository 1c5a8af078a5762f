"""`keras.layers`: the basic layers."""
