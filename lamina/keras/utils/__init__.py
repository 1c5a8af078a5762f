"""`keras.utils`: helpers for models, data and pictures."""

from lamina._names import attach

__getattr__, __dir__ = attach(__name__)
