"""Limiting values and norms: ``tf.clip_by_value``, ``tf.clip_by_norm`` …"""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from lamina.engine.errors import ShapeError
from lamina.engine.op import Array, Same, TensorLike, Tensors, op
from lamina.engine.tensor import Tensor, convert_to_tensor
from lamina.ops.checks import FLOAT_OR_COMPLEX, REAL, axes_tuple, check_broadcast, text
from lamina.ops.math.arithmetic import larger, smaller


@op("clip_by_value", dtypes=REAL)
def clip_by_value(
    t: Same, clip_value_min: Same, clip_value_max: Same, name: str | None = None
) -> Array:
    """Values below the minimum become the minimum, above the maximum the maximum.

    Args:
        t: a real tensor.
        clip_value_min: a tensor of the same dtype that broadcasts to ``t``.
        clip_value_max: a tensor of the same dtype that broadcasts to ``t``.
        name: a name scope.

    Returns:
        A tensor of the same shape and dtype. At a limit the gradient goes to ``t``,
        beyond it to the limit.

    Raises:
        InvalidArgumentError: if a limit has more axes or other sizes than ``t``.

    Reference: ``tf.clip_by_value``.
    """
    if (
        check_broadcast("tf.clip_by_value", t, clip_value_min, clip_value_max)
        != t.shape
    ):
        raise ShapeError.of(
            "tf.clip_by_value",
            expected=f"limits that broadcast to the shape of `t`, {text(t.shape)}",
            received=f"{text(clip_value_min.shape)} and {text(clip_value_max.shape)}",
            hint="Limits may not enlarge the tensor.",
        )
    return larger(smaller(t, clip_value_max), clip_value_min)


def _length(x: Array, axes: tuple[int, ...] | None) -> Array:
    """The Euclidean norm with axes kept, whose gradient at zero is zero."""
    total = jnp.sum(x * x, axis=axes, keepdims=True)
    positive = total > 0
    return jnp.where(positive, jnp.sqrt(jnp.where(positive, total, 1)), total)


@op("clip_by_norm", dtypes=FLOAT_OR_COMPLEX)
def clip_by_norm(
    t: Same, clip_norm: Same, axes: Any = None, name: str | None = None
) -> Array:
    """The tensor scaled down so that its Euclidean norm is at most ``clip_norm``.

    Args:
        t: a floating tensor.
        clip_norm: the largest norm, a positive scalar.
        axes: the axes over which the norm is taken; all if None.
        name: a name scope.

    Returns:
        A tensor of the same shape and dtype; unchanged if the norm is small enough.

    Reference: ``tf.clip_by_norm``.
    """
    chosen = None if axes is None else axes_tuple("tf.clip_by_norm", axes, t.ndim)
    norm = _length(t, chosen)
    return t * clip_norm / larger(norm, clip_norm)


@op("linalg.global_norm")
def _global_norm(t_list: Tensors, name: str | None = None) -> Array:
    return jnp.sqrt(sum(jnp.sum((t * jnp.conj(t)).real) for t in t_list))


def global_norm(t_list: Any, name: str | None = None) -> Tensor:
    """The Euclidean norm of all elements of several tensors together.

    Args:
        t_list: a list of floating tensors of one dtype; None entries are left out.
        name: a name scope.

    Returns:
        A scalar tensor.

    Raises:
        TypeError: if ``t_list`` is not a list.

    Reference: ``tf.linalg.global_norm``.
    """
    present = _present("tf.linalg.global_norm", t_list)
    return _global_norm(present, name=name) if present else convert_to_tensor(0.0)


def _present(name: str, t_list: Any) -> list[Tensor]:
    if not isinstance(t_list, list | tuple):
        raise TypeError(
            f"{name}: expected a list of tensors. Received: {type(t_list).__name__}. "
            "Put the tensor in a list."
        )
    found = [
        convert_to_tensor(getattr(t, "values", t)) for t in t_list if t is not None
    ]
    return found


@op("clip_by_global_norm")
def _scale_to_norm(
    t_list: Tensors, clip_norm: TensorLike, use_norm: TensorLike
) -> list[Array]:
    norm = use_norm.astype(t_list[0].dtype)
    limit = clip_norm.astype(norm.dtype)
    scale = limit * jnp.minimum(1 / norm, 1 / limit)
    scale = jnp.where(jnp.isfinite(norm), scale, jnp.nan)
    return [t * scale.astype(t.dtype) for t in t_list]


def clip_by_global_norm(
    t_list: Any, clip_norm: Any, use_norm: Any = None, name: str | None = None
) -> tuple[list[Any], Tensor]:
    """Several tensors scaled down together so that their joint norm is bounded.

    Args:
        t_list: a list of floating tensors; None entries stay None.
        clip_norm: the largest joint norm, a positive scalar.
        use_norm: the joint norm if it is known already.
        name: a name scope.

    Returns:
        The scaled tensors, and the joint norm before. If the norm is not finite all
        elements become NaN.

    Raises:
        TypeError: if ``t_list`` is not a list.

    Reference: ``tf.clip_by_global_norm``.
    """
    present = _present("tf.clip_by_global_norm", t_list)
    norm = global_norm(present) if use_norm is None else convert_to_tensor(use_norm)
    if not present:
        return list(t_list), norm
    scaled = iter(_scale_to_norm(present, clip_norm, norm))
    return [None if t is None else next(scaled) for t in t_list], norm
