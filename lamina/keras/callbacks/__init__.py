"""`keras.callbacks`: what happens between the steps of training."""

from lamina._names import attach

__getattr__, __dir__ = attach(__name__)
