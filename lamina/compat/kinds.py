"""Tuples of Python and NumPy types for ``isinstance``, and small TF-1 helpers."""

from __future__ import annotations

import datetime
import numbers
from typing import Any, Final

import numpy as np

from lamina.engine.shapes import TensorShape

integral_types: Final = (numbers.Integral, np.integer)
"""Types of whole numbers."""

real_types: Final = (numbers.Real, np.integer, np.floating)
"""Types of real numbers."""

complex_types: Final = (numbers.Complex, np.number)
"""Types of numbers."""

bytes_or_text_types: Final = (bytes, str)
"""Types of text and bytes."""

_RELEASE = datetime.date(2026, 1, 1)


def dimension_value(dimension: Any) -> int | None:
    """The size of a dimension as an int, or None when it is unknown.

    Reference: ``tf.compat.dimension_value``.
    """
    return getattr(dimension, "value", dimension)


def dimension_at_index(shape: Any, index: int) -> int | None:
    """The size of one dimension of a shape; None when the rank is unknown.

    Reference: ``tf.compat.dimension_at_index``. Unlike TensorFlow's it gives an int.
    """
    known = TensorShape(shape)
    return None if known.rank is None else known[index]


def forward_compatible(year: int, month: int, day: int) -> bool:
    """Whether programs written now may use what TensorFlow added before a date.

    Reference: ``tf.compat.forward_compatible``.
    """
    return datetime.date(year, month, day) < _RELEASE
