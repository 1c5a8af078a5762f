"""`keras.dtype_policies`: the dtypes of a layer's computation and weights."""

from lamina._names import attach

__getattr__, __dir__ = attach(__name__)
