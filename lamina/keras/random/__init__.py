"""`keras.random`: random values as functions of a seed or a `SeedGenerator`."""

from lamina._names import attach

__getattr__, __dir__ = attach(__name__)
