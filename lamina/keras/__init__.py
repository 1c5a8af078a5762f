"""Keras: ``tf.keras``, and ``keras`` under the import shim."""

from lamina._names import attach

__getattr__, __dir__ = attach(__name__)
