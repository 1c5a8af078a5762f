"""Poolings: ``tf.nn.max_pool``, ``avg_pool``, their 1D to 3D forms and ``pool``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import lax

from lamina.engine.dtypes import as_dtype
from lamina.engine.errors import InvalidArgumentError, ShapeError
from lamina.engine.op import Array, TensorLike, op
from lamina.kernels.pooling import window_max, window_mean
from lamina.kernels.reduce_windows import lowest_value, slices
from lamina.ops.checks import FLOAT, REAL
from lamina.ops.nn import windows
from lamina.ops.nn.windows import Layout

_Reduce = Callable[..., Array]


def _plan(
    name: str,
    x: Array,
    ksize: Any,
    strides: Any,
    padding: Any,
    form: Layout,
    dilations: Any = 1,
) -> tuple[Any, Any, Any, Any]:
    """The window, steps, padding and dilations over all axes of ``x``."""
    windows.check_rank(name, x, form)
    window = windows.per_axis(name, "ksize", ksize, form)
    steps = windows.per_axis(name, "strides", strides, form)
    rates = windows.per_axis(name, "dilations", dilations, form)
    reach = windows.reach(window, rates)
    pads = windows.pads(name, padding, form.spatial(x.shape), reach, steps, form)
    return (
        form.full(window, 1),
        form.full(steps, 1),
        form.full(pads, (0, 0)),
        form.full(rates, 1),
    )


def _any_rank(name: str, x: Array, data_format: str | None) -> Layout:
    if not 3 <= x.ndim <= 5:
        raise ShapeError.of(
            name,
            expected="input of rank 3, 4 or 5: (batch, *spatial, channels)",
            received=f"input of shape {tuple(x.shape)}",
            hint="Add the batch dimension with tf.expand_dims(x, 0).",
        )
    return windows.layout(name, data_format, x.ndim - 2)


@op("nn.max_pool", dtypes=REAL)
def max_pool(
    input: TensorLike,
    ksize: Any,
    strides: Any,
    padding: Any,
    data_format: str | None = None,
    name: str | None = None,
) -> Array:
    """The largest element of each window, over 1, 2 or 3 spatial dimensions.

    Args:
        input: ``(B, *spatial, C)``, or channels first by ``data_format``.
        ksize: the window: an int or 1, N or N + 2 ints.
        strides: its step, likewise.
        padding: ``"SAME"``, ``"VALID"`` or a pair for each dimension.
        data_format: such as ``"NHWC"`` or ``"NCHW"``.
        name: a name scope.

    Returns:
        A tensor of the same dtype and layout. The gradient goes to the first largest
        element of a window.

    Raises:
        InvalidArgumentError: for a wrong rank, window or padding.

    Reference: ``tf.nn.max_pool``.
    """
    form = _any_rank("tf.nn.max_pool", input, data_format)
    return window_max(
        input, *_plan("tf.nn.max_pool", input, ksize, strides, padding, form)
    )


@op("nn.avg_pool", dtypes=FLOAT)
def avg_pool(
    input: TensorLike,
    ksize: Any,
    strides: Any,
    padding: Any,
    data_format: str | None = None,
    name: str | None = None,
) -> Array:
    """The mean of each window, over 1, 2 or 3 spatial dimensions.

    Args:
        input: ``(B, *spatial, C)``, or channels first by ``data_format``.
        ksize: the window: an int or 1, N or N + 2 ints.
        strides: its step, likewise.
        padding: ``"SAME"`` or ``"VALID"``; padding does not count in the mean.
        data_format: such as ``"NHWC"`` or ``"NCHW"``.
        name: a name scope.

    Returns:
        A tensor of the same dtype and layout.

    Raises:
        InvalidArgumentError: for a wrong rank, window or padding.

    Reference: ``tf.nn.avg_pool``.
    """
    form = _any_rank("tf.nn.avg_pool", input, data_format)
    return window_mean(
        input, *_plan("tf.nn.avg_pool", input, ksize, strides, padding, form)
    )


def _fixed_rank(
    function: str, rank: int, reduce: _Reduce, dtypes: Any, words: str
) -> Any:
    """The op ``function`` for exactly ``rank`` spatial dimensions."""
    default = {1: "NWC", 2: "NHWC", 3: "NDHWC"}[rank]
    shape = {1: "(B, W, C)", 2: "(B, H, W, C)", 3: "(B, D, H, W, C)"}[rank]

    def lower(
        input: TensorLike,
        ksize: Any,
        strides: Any,
        padding: Any,
        data_format: str = default,
        name: str | None = None,
    ) -> Array:
        title = f"tf.nn.{function}"
        form = windows.layout(title, data_format, rank)
        return reduce(input, *_plan(title, input, ksize, strides, padding, form))

    lower.__name__ = lower.__qualname__ = function
    lower.__doc__ = f"""The {words} of each window over {rank} spatial dimension(s).

    Args:
        input: ``{shape}``, or channels first by ``data_format``.
        ksize: the window: an int or 1, {rank} or {rank + 2} ints.
        strides: its step, likewise.
        padding: ``"SAME"`` or ``"VALID"``; padding does not take part.
        data_format: ``"{default}"`` or with ``C`` after ``N``.
        name: a name scope.

    Returns:
        A tensor of the same dtype and layout.

    Raises:
        InvalidArgumentError: for a wrong rank, window or padding.

    Reference: ``tf.nn.{function}``.
    """
    return op(f"nn.{function}", dtypes=dtypes)(lower)


max_pool1d = _fixed_rank("max_pool1d", 1, window_max, REAL, "largest element")
max_pool2d = _fixed_rank("max_pool2d", 2, window_max, REAL, "largest element")
max_pool3d = _fixed_rank("max_pool3d", 3, window_max, REAL, "largest element")
avg_pool1d = _fixed_rank("avg_pool1d", 1, window_mean, FLOAT, "mean")
avg_pool2d = _fixed_rank("avg_pool2d", 2, window_mean, FLOAT, "mean")
avg_pool3d = _fixed_rank("avg_pool3d", 3, window_mean, FLOAT, "mean")


@op("nn.pool", dtypes=REAL)
def pool(
    input: TensorLike,
    window_shape: Any,
    pooling_type: str,
    strides: Any = None,
    padding: Any = "VALID",
    data_format: str | None = None,
    dilations: Any = None,
    name: str | None = None,
) -> Array:
    """A pooling whose window may be dilated.

    Args:
        input: ``(B, *spatial, C)``, or channels first by ``data_format``.
        window_shape: the window, an int for each spatial dimension.
        pooling_type: ``"MAX"`` or ``"AVG"``.
        strides: its step, 1 where None.
        padding: ``"SAME"`` or ``"VALID"``.
        data_format: such as ``"NHWC"`` or ``"NCHW"``.
        dilations: the distance of the window's elements, 1 where None.
        name: a name scope.

    Returns:
        A tensor of the same dtype and layout.

    Raises:
        ValueError: for another pooling type.

    Reference: ``tf.nn.pool``.
    """
    reducers: dict[str, _Reduce] = {"MAX": window_max, "AVG": window_mean}
    if pooling_type not in reducers:
        raise InvalidArgumentError.of(
            "tf.nn.pool",
            expected="pooling_type 'MAX' or 'AVG'",
            received=f"pooling_type={pooling_type!r}",
            hint="Choose one of the two.",
        )
    form = _any_rank("tf.nn.pool", input, data_format)
    plan = _plan(
        "tf.nn.pool",
        input,
        window_shape,
        1 if strides is None else strides,
        padding,
        form,
        1 if dilations is None else dilations,
    )
    return reducers[pooling_type](input, *plan)


class MaxPoolWithArgmax(NamedTuple):
    """What ``tf.nn.max_pool_with_argmax`` returns."""

    output: Any
    argmax: Any


@op("nn.max_pool_with_argmax", dtypes=REAL)
def max_pool_with_argmax(
    input: TensorLike,
    ksize: Any,
    strides: Any,
    padding: Any,
    data_format: str = "NHWC",
    output_dtype: Any = "int64",
    include_batch_in_index: bool = False,
    name: str | None = None,
) -> MaxPoolWithArgmax:
    """The largest element of each window and where it stands.

    Args:
        input: ``(B, H, W, C)``.
        ksize: the window: an int or 1, 2 or 4 ints.
        strides: its step, likewise.
        padding: ``"SAME"`` or ``"VALID"``.
        data_format: only ``"NHWC"``.
        output_dtype: int32 or int64.
        include_batch_in_index: whether indices count through the whole batch.
        name: a name scope.

    Returns:
        ``(output, argmax)`` of equal shape; an index is ``(y * W + x) * C + c``, plus
        ``b * H * W * C`` with ``include_batch_in_index``.

    Raises:
        InvalidArgumentError: for a wrong rank, window or padding.

    Reference: ``tf.nn.max_pool_with_argmax``.
    """
    title = "tf.nn.max_pool_with_argmax"
    form = windows.layout(title, data_format, 2)
    if form.channels_first:
        raise InvalidArgumentError.of(
            title,
            expected="data_format 'NHWC'",
            received=f"data_format={data_format!r}",
            hint="Transpose the input with tf.transpose(x, [0, 2, 3, 1]).",
        )
    plan = _plan(title, input, ksize, strides, padding, form)
    out = window_max(input, *plan)
    count = int(np.prod(input.shape[1:]))
    places = jnp.arange(count, dtype=jnp.int64).reshape(1, *input.shape[1:])
    whole = jnp.broadcast_to(places, input.shape)
    if include_batch_in_index:
        batch = jnp.arange(input.shape[0], dtype=jnp.int64) * count
        whole = whole + batch.reshape(-1, 1, 1, 1)
    values = slices(
        lax.stop_gradient(input), lowest_value(input.dtype), out.shape, *plan
    )
    indices = slices(whole, 0, out.shape, *plan)
    found: Any = None
    for value, index in zip(values, indices, strict=True):
        hit = value == lax.stop_gradient(out)
        where = jnp.where(hit, index, -1)
        found = where if found is None else jnp.where(found < 0, where, found)
    return MaxPoolWithArgmax(out, found.astype(as_dtype(output_dtype).np_dtype))
