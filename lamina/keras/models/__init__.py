"""`keras.models`: Sequential, Functional and subclassed models."""

from lamina._names import attach

__getattr__, __dir__ = attach(__name__)
