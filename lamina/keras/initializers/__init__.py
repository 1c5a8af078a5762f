"""`keras.initializers`: the rules that make the first values of weights."""

from lamina._names import attach

__getattr__, __dir__ = attach(__name__)
