"""`keras.dtype_policies`: which dtype a layer computes in and which its weights have."""

from lamina._names import attach

__getattr__, __dir__ = attach(__name__)
