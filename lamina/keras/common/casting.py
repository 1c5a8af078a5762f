"""The cast that layers and variables apply to floats."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from lamina.engine.dtypes import as_dtype
from lamina.engine.op import Array, TensorLike, op


@op("keras.ops.cast")
def cast(x: TensorLike, dtype: Any) -> Array:
    """`x` with the element type `dtype`.

    Reference: `keras.ops.cast`.
    """
    return jnp.asarray(x).astype(as_dtype(dtype).np_dtype)
