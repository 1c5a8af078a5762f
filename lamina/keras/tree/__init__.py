"""`keras.tree`: nested structures, in Keras's spelling."""

from lamina._names import attach

__getattr__, __dir__ = attach(__name__)
