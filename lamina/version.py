"""Versions: Lamina's own, and the levels of TensorFlow and Keras it answers to.

As ``tf.version`` it holds TensorFlow's constants.
"""

from __future__ import annotations

from typing import Final

LAMINA_VERSION: Final = "0.1.0"
"""The version of this package."""

KERAS_VERSION: Final = "3.15.1"
"""The Keras release whose behaviour is answered."""

VERSION: Final = "2.21.0"
"""The TensorFlow release whose behaviour is answered."""

GIT_VERSION: Final = f"lamina-{LAMINA_VERSION}"
"""What stands for TensorFlow's source revision."""

COMPILER_VERSION: Final = "XLA"
"""What compiles programs."""

GRAPH_DEF_VERSION: Final = 2474
"""The version of the GraphDef format."""

GRAPH_DEF_VERSION_MIN_CONSUMER: Final = 0
"""The oldest reader of GraphDefs that is supported."""

GRAPH_DEF_VERSION_MIN_PRODUCER: Final = 0
"""The oldest writer of GraphDefs that is supported."""
