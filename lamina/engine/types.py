"""Types for annotations: ``tf.types.experimental``."""

from __future__ import annotations

from typing import Any, TypeAlias

from lamina.engine.function import Function

TensorLike: TypeAlias = Any
"""What can be converted to a tensor: tensors, arrays, numbers, texts, lists of them."""

GenericFunction: TypeAlias = Function
"""What ``tf.function`` gives."""
