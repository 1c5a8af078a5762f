"""`keras.activations`: the functions between layers."""

from lamina._names import attach

__getattr__, __dir__ = attach(__name__)
