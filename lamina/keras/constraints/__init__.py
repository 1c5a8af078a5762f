"""`keras.constraints`: projections applied to weights after each update."""

from lamina._names import attach

__getattr__, __dir__ = attach(__name__)
