"""Which public namespace of Lamina stands behind a module name of TensorFlow or Keras.

Pure text: nothing here imports anything.
"""

from __future__ import annotations

from typing import Final

TENSORFLOW: Final = "tensorflow"

HEADS: Final[dict[str, str]] = {
    "tensorflow": "",
    "keras": "keras",
    "tf_keras": "keras",
}
"""The public path of each top-level module that the shim answers for."""

_PREFIXES: Final = {
    "compat.v2": "",
    "_api.v2": "",
    "_api": "",
    "keras.api": "keras",
    "keras._tf_keras.keras": "keras",
    "keras._tf_keras": "keras",
}

_PRIVATE: Final = ("python", "core", "lite.python", "keras.src", "keras.engine")

MOVED: Final[dict[str, str]] = {
    "keras.engine": "keras.layers",
    "keras.engine.base_layer": "keras.layers",
    "keras.engine.input_layer": "keras.layers",
    "keras.engine.sequential": "keras.models",
    "keras.engine.topology": "keras.layers",
    "keras.engine.training": "keras.models",
    "keras.layers.advanced_activations": "keras.layers",
    "keras.layers.convolutional": "keras.layers",
    "keras.layers.core": "keras.layers",
    "keras.layers.embeddings": "keras.layers",
    "keras.layers.merge": "keras.layers",
    "keras.layers.noise": "keras.layers",
    "keras.layers.normalization": "keras.layers",
    "keras.layers.pooling": "keras.layers",
    "keras.layers.recurrent": "keras.layers",
    "keras.layers.wrappers": "keras.layers",
    "keras.losses.losses": "keras.losses",
    "keras.utils.data_utils": "keras.utils",
    "keras.utils.generic_utils": "keras.utils",
    "keras.utils.layer_utils": "keras.utils",
    "keras.utils.np_utils": "keras.utils",
    "keras.utils.vis_utils": "keras.utils",
}
"""Module paths of Keras 1 and 2, and the namespace that has their names now."""


def public_path(module_name: str) -> str | None:
    """The public path that a module name stands for.

    Args:
        module_name: such as ``tensorflow.compat.v2.keras.layers`` or ``keras.ops``.

    Returns:
        A path without ``tf.``: ``keras.layers``; the empty text for TensorFlow's own
        module; None when the name does not belong to the shim.
    """
    head, _, rest = module_name.partition(".")
    if head not in HEADS:
        return None
    path = ".".join(part for part in (HEADS[head], rest) if part)
    for prefix, same in _PREFIXES.items():
        if path == prefix or path.startswith(prefix + "."):
            return (same + path[len(prefix) :]).removeprefix(".")
    return path


def is_private(path: str) -> bool:
    """Whether a path leads into the private modules of TensorFlow or Keras."""
    return any(path == each or path.startswith(each + ".") for each in _PRIVATE)
