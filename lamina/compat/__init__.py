"""The import shim and old spellings.

``lamina.compat.install()`` makes ``import tensorflow`` and ``import keras`` give
Lamina in this process. As ``tf.compat`` the package also holds TensorFlow's helpers
for text.
"""

from lamina._names import attach
from lamina.compat.shim import install, uninstall

__all__ = ["install", "uninstall"]

__getattr__, __dir__ = attach(__name__)
