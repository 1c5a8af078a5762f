"""Embeddings, dropout, the k largest, and moves between depth and space."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import lax

from lamina.engine.dtypes import as_dtype
from lamina.engine.errors import InvalidArgumentError, ShapeError
from lamina.engine.op import Array, TensorLike, Tensors, op
from lamina.engine.random_state import next_key
from lamina.engine.tensor import Tensor, convert_to_tensor, is_tensor
from lamina.ops.checks import REAL
from lamina.ops.nn import windows
from lamina.ops.random.algorithms import algorithm_number
from lamina.ops.random.stateless import uniform_op


def dropout(
    x: Any,
    rate: Any,
    noise_shape: Any = None,
    seed: int | None = None,
    name: str | None = None,
) -> Tensor:
    """Sets random elements to zero and scales the others up.

    Args:
        x: a floating tensor.
        rate: the probability of zero, in ``[0, 1)``; a float or scalar tensor.
        noise_shape: the shape of the random choice, which broadcasts to ``x``; that
            of ``x`` where None.
        seed: a seed for this operation, used together with ``tf.random.set_seed``.
        name: a name scope.

    Returns:
        A tensor of the shape and dtype of ``x`` with the same mean.

    Raises:
        ValueError: for integers, or a rate outside ``[0, 1)``.

    Reference: ``tf.nn.dropout``; Srivastava et al., 2014. Known difference: other
    random numbers.
    """
    return _dropout("tf.nn.dropout", x, rate, noise_shape, lambda: next_key(seed), name)


def stateless_dropout(
    x: Any,
    rate: Any,
    seed: Any,
    rng_alg: str | None = None,
    noise_shape: Any = None,
    name: str | None = None,
) -> Tensor:
    """Dropout as a function of a seed.

    Args:
        x: a floating tensor.
        rate: the probability of zero, in ``[0, 1)``.
        seed: an integer tensor of shape ``(2,)``.
        rng_alg: ``"philox"``, ``"threefry"`` or ``"auto_select"``; Threefry is
            computed for each of them.
        noise_shape: the shape of the random choice; that of ``x`` where None.
        name: a name scope.

    Returns:
        A tensor of the shape and dtype of ``x``.

    Raises:
        ValueError: for integers, or a rate outside ``[0, 1)``.

    Reference: ``tf.nn.experimental.stateless_dropout``. Known difference: other
    random numbers.
    """
    title = "tf.nn.experimental.stateless_dropout"
    algorithm_number(title, rng_alg)
    return _dropout(title, x, rate, noise_shape, lambda: seed, name)


def _dropout(
    title: str, x: Any, rate: Any, noise_shape: Any, key: Any, name: str | None
) -> Tensor:
    x = convert_to_tensor(x)
    if not x.dtype.is_floating:
        raise InvalidArgumentError.of(
            title,
            expected="`x.dtype` to be a floating point type, as `x` will be scaled",
            received=f"x of dtype {x.dtype.name}",
            hint="Cast it with tf.cast(x, tf.float32).",
        )
    if not is_tensor(rate):
        if not isinstance(rate, int | float | np.number) or not 0 <= rate < 1:
            raise InvalidArgumentError.of(
                title,
                expected="`rate` as a scalar tensor or a float in the range [0, 1)",
                received=f"rate={rate}",
                hint="rate is the share of elements that become zero.",
            )
        if rate == 0:
            return x
        rate = np.asarray(rate, np.float32)
    shape = x.shape if noise_shape is None else _noise_shape(x, noise_shape)
    # As many bits as the narrow types hold would round the rate.
    noise = uniform_op(shape, key(), np.float32(0), np.float32(1), "float32")
    return _drop_noise(x, noise, rate, name=name)


def _noise_shape(x: Tensor, noise_shape: Any) -> tuple[int, ...]:
    if is_tensor(noise_shape):
        noise_shape = np.asarray(convert_to_tensor(noise_shape)._value)
    given = tuple(noise_shape)
    if len(given) == len(x.shape):
        return tuple(
            int(x.shape[axis] or 0) if size is None else int(size)
            for axis, size in enumerate(given)
        )
    return tuple(int(size) for size in given)


@op("nn.dropout")
def _drop_noise(
    x: TensorLike, noise: TensorLike, rate: TensorLike, name: str | None = None
) -> Array:
    """Zeroes where ``noise < rate`` and scales the rest by ``1 / (1 - rate)``."""
    rate = rate.astype(jnp.float32)
    scale = (1 / (1 - rate)).astype(x.dtype)
    return jnp.where(noise >= rate, x * scale, jnp.zeros((), x.dtype))


@op("nn.embedding_lookup")
def _lookup(
    params: Tensors, ids: TensorLike, max_norm: Any = None, name: str | None = None
) -> Array:
    """The lowering of ``embedding_lookup``."""
    table = params[0] if len(params) == 1 else jnp.concatenate(params)
    if ids.dtype.kind not in "iu":
        raise InvalidArgumentError.of(
            "tf.nn.embedding_lookup",
            expected="integer ids",
            received=f"ids of dtype {ids.dtype}",
            hint="Cast them with tf.cast(ids, tf.int64).",
        )
    rows = jnp.take(table, ids, axis=0, mode="fill", fill_value=0)
    if max_norm is None:
        return rows
    axes = tuple(range(ids.ndim, rows.ndim))
    norm = jnp.sqrt(jnp.sum(jnp.square(rows), axes, keepdims=True))
    limit = jnp.asarray(max_norm, rows.dtype)
    return rows * limit / jnp.maximum(norm, limit)


def embedding_lookup(
    params: Any, ids: Any, max_norm: float | None = None, name: str | None = None
) -> Tensor:
    """The rows of a table that ``ids`` name.

    Args:
        params: the table ``(V, *D)``, or a list of tables that follow each other.
        ids: integers in ``[0, V)`` of any shape.
        max_norm: rows with a larger l2 norm are scaled down to it; None leaves them.
        name: a name scope.

    Returns:
        A tensor of shape ``ids.shape + D``.

    Raises:
        ValueError: if ``params`` is empty.
        InvalidArgumentError: if ``ids`` are not integers, or, when called eagerly
            with Python values, an id is outside of the table.

    Reference: ``tf.nn.embedding_lookup``. Known differences: ids outside of the table
    that are known only on the device give zeros, as TensorFlow does on GPUs; the
    gradient is dense.
    """
    tables = params if isinstance(params, list | tuple) else [params]
    if not tables:
        raise ValueError(
            "tf.nn.embedding_lookup: expected at least one table. Received: params=[]."
            " Pass a tensor of shape (rows, size)."
        )
    ids = convert_to_tensor(ids)
    known = ids._value
    if isinstance(known, np.ndarray) and known.dtype.kind in "iu" and known.size:
        rows = sum(table.shape[0] for table in map(_shaped, tables))
        if known.min() < 0 or known.max() >= rows:
            raise InvalidArgumentError.of(
                "tf.nn.embedding_lookup",
                expected=f"ids in [0, {rows})",
                received=f"ids between {known.min()} and {known.max()}",
                hint="Enlarge the table or map unknown ids to one of its rows.",
            )
    return _lookup(list(tables), ids, max_norm, name=name)


def _shaped(table: Any) -> Any:
    return table if hasattr(table, "shape") else convert_to_tensor(table)


class TopKV2(NamedTuple):
    """What ``tf.math.top_k`` returns."""

    values: Any
    indices: Any


@op("math.top_k", dtypes=REAL)
def top_k(
    input: TensorLike,
    k: int = 1,
    sorted: bool = True,
    index_type: Any = "int32",
    name: str | None = None,
) -> TopKV2:
    """The k largest elements along the last axis and their indices.

    Args:
        input: a real tensor of rank at least 1.
        k: how many, at most the size of the last axis.
        sorted: accepted for compatibility; the result is always sorted.
        index_type: the integer dtype of the indices.
        name: a name scope.

    Returns:
        ``(values, indices)``, of shape ``input.shape[:-1] + (k,)``. Of equal elements
        the one with the lower index comes first.

    Raises:
        InvalidArgumentError: for a scalar, or too large a k.

    Reference: ``tf.math.top_k``.
    """
    if input.ndim < 1 or not 0 <= k <= input.shape[-1]:
        raise InvalidArgumentError.of(
            "tf.math.top_k",
            expected=f"input of rank at least 1 with at least k={k} columns",
            received=f"input of shape {tuple(input.shape)}",
            hint="Use a smaller k.",
        )
    values, indices = lax.top_k(input, k)
    return TopKV2(values, indices.astype(as_dtype(index_type).np_dtype))


@op("math.in_top_k", differentiable=False)
def in_top_k(
    targets: TensorLike, predictions: TensorLike, k: int, name: str | None = None
) -> Array:
    """Whether the targets are among the k largest predictions.

    Args:
        targets: class indices ``(B,)``.
        predictions: ``(B, K)`` scores.
        k: how many count; ties at the border all count.
        name: a name scope.

    Returns:
        Booleans ``(B,)``; False where the target's score is not finite.

    Raises:
        InvalidArgumentError: if the shapes do not fit.

    Reference: ``tf.math.in_top_k``.
    """
    if predictions.ndim != 2 or targets.shape != predictions.shape[:1]:
        raise ShapeError.of(
            "tf.math.in_top_k",
            expected="targets (batch,) and predictions (batch, classes)",
            received=f"targets of shape {tuple(targets.shape)}, predictions of shape "
            f"{tuple(predictions.shape)}",
            hint="Flatten the leading dimensions with tf.reshape.",
        )
    classes = predictions.shape[1]
    inside = (targets >= 0) & (targets < classes)
    safe = jnp.where(inside, targets, 0)[:, None]
    score = jnp.take_along_axis(predictions, safe, 1)
    larger = jnp.sum(predictions > score, 1)
    return inside & jnp.isfinite(score[:, 0]) & (larger < k)


@op("nn.zero_fraction", differentiable=False)
def zero_fraction(value: TensorLike, name: str | None = None) -> Array:
    """The share of zeros among the elements, as float32.

    Args:
        value: a numeric tensor.
        name: a name scope.

    Returns:
        A float32 scalar; NaN for an empty tensor.

    Reference: ``tf.math.zero_fraction``.
    """
    return jnp.mean(value == 0, dtype=jnp.float32)


@op("nn.depth_to_space")
def depth_to_space(
    input: TensorLike,
    block_size: int,
    data_format: str = "NHWC",
    name: str | None = None,
) -> Array:
    """Moves groups of channels into blocks of pixels.

    Args:
        input: ``(B, H, W, C)``, or ``(B, C, H, W)`` with ``"NCHW"``.
        block_size: the side n of a block, at least 2.
        data_format: ``"NHWC"`` or ``"NCHW"``.
        name: a name scope.

    Returns:
        A tensor ``(B, n H, n W, C / n**2)`` in the same layout.

    Raises:
        InvalidArgumentError: if the channels are not a multiple of ``n**2``.

    Reference: ``tf.nn.depth_to_space``.
    """
    form = windows.layout("tf.nn.depth_to_space", data_format, 2)
    windows.check_rank("tf.nn.depth_to_space", input, form)
    n = int(block_size)
    if n < 2 or form.channels(input.shape) % (n * n):
        raise InvalidArgumentError.of(
            "tf.nn.depth_to_space",
            expected=f"block_size of at least 2 and channels divisible by {n * n}",
            received=f"block_size={n}, input of shape {tuple(input.shape)}",
            hint="Input depth dimension should be divisible by block_size ** 2.",
        )
    x = jnp.moveaxis(input, 1, -1) if form.channels_first else input
    batch, height, width, depth = x.shape
    x = x.reshape(batch, height, width, n, n, depth // (n * n))
    x = x.transpose(0, 1, 3, 2, 4, 5).reshape(batch, height * n, width * n, -1)
    return jnp.moveaxis(x, -1, 1) if form.channels_first else x


@op("nn.space_to_depth")
def space_to_depth(
    input: TensorLike,
    block_size: int,
    data_format: str = "NHWC",
    name: str | None = None,
) -> Array:
    """Moves blocks of pixels into channels.

    Args:
        input: ``(B, H, W, C)``, or ``(B, C, H, W)`` with ``"NCHW"``.
        block_size: the side n of a block, at least 2.
        data_format: ``"NHWC"`` or ``"NCHW"``.
        name: a name scope.

    Returns:
        A tensor ``(B, H / n, W / n, n**2 C)`` in the same layout.

    Raises:
        InvalidArgumentError: if height or width is not a multiple of n.

    Reference: ``tf.nn.space_to_depth``.
    """
    form = windows.layout("tf.nn.space_to_depth", data_format, 2)
    windows.check_rank("tf.nn.space_to_depth", input, form)
    n = int(block_size)
    if n < 2 or any(size % n for size in form.spatial(input.shape)):
        raise InvalidArgumentError.of(
            "tf.nn.space_to_depth",
            expected=f"block_size of at least 2 that divides height and width by {n}",
            received=f"block_size={n}, input of shape {tuple(input.shape)}",
            hint="Image height and width should be divisible by block_size.",
        )
    x = jnp.moveaxis(input, 1, -1) if form.channels_first else input
    batch, height, width, depth = x.shape
    x = x.reshape(batch, height // n, n, width // n, n, depth)
    x = x.transpose(0, 1, 3, 2, 4, 5).reshape(batch, height // n, width // n, -1)
    return jnp.moveaxis(x, -1, 1) if form.channels_first else x
