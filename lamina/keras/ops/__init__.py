"""`keras.ops`: functions of tensors with NumPy's meaning and Keras's dtypes."""

from lamina._names import attach

__getattr__, __dir__ = attach(__name__)
