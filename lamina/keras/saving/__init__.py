"""`keras.saving`: the registry of custom objects, configs, and the files of models."""

from lamina._names import attach

__getattr__, __dir__ = attach(__name__)
