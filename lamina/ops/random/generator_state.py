"""The key that belongs to a generator's counter and key words."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

from lamina.engine.op import Array, TensorLike, op


@op("random.Generator.key", differentiable=False)
def counter_key(state: TensorLike) -> Array:
    """Hashes a state vector (int64, the counter first) to two uint32 words."""
    words = state.astype(jnp.uint64)
    low = words.astype(jnp.uint32)
    high = (words >> np.uint64(32)).astype(jnp.uint32)
    key = jax.random.wrap_key_data(jnp.stack([low[-1], high[-1]]), impl="threefry2x32")
    for index in range(state.shape[0] - 1):
        key = jax.random.fold_in(key, low[index])
        key = jax.random.fold_in(key, high[index])
    return jax.random.key_data(key)
