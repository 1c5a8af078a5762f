"""`keras.metrics`: running figures of a model's quality."""

from lamina._names import attach

__getattr__, __dir__ = attach(__name__)
