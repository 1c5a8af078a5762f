"""`keras.regularizers`: penalties on weights and outputs."""

from lamina._names import attach

__getattr__, __dir__ = attach(__name__)
