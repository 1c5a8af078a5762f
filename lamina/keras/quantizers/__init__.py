"""`keras.quantizers`: rounding to few bits, and the configs that ask for it."""

from lamina._names import attach

__getattr__, __dir__ = attach(__name__)
