"""``tf.function`` with AutoGraph registered."""

import lamina.autograph.conversion  # noqa: F401  (registers the converter)
from lamina.engine.function import function

__all__ = ["function"]
