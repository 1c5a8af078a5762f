"""`keras.layers`: recurrent layers."""
