"""Counting: bins, histograms, confusion matrices."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from lamina.engine import dtypes
from lamina.engine.context import state
from lamina.engine.dtypes import as_dtype
from lamina.engine.errors import DTypeError, InvalidArgumentError, ShapeError
from lamina.engine.op import Array, Same, TensorLike, op
from lamina.engine.tensor import Tensor, convert_to_tensor
from lamina.ops.array.casting import cast
from lamina.ops.array.gather import known_positions
from lamina.ops.array.selection import static_max
from lamina.ops.array.shaping import reshape
from lamina.ops.checks import REAL, as_int, text


def _tally(arr: Array, weights: Array | None, size: int, dtype: Any) -> Array:
    """Counts (or sums of weights) of each value of a vector."""
    ones = jnp.ones(arr.shape, dtype) if weights is None else weights
    zeros = jnp.zeros(size, ones.dtype)
    return zeros.at[arr].add(ones, mode="drop", wrap_negative_indices=False)


@op("math.bincount", dtypes=("int32", "int64"), differentiable=False)
def _bincount(
    arr: TensorLike,
    weights: TensorLike | None,
    size: int,
    dtype: Any,
    binary: bool,
    name: str | None = None,
) -> Array:
    if not arr.size:
        return jnp.zeros((*arr.shape[:-1], size), as_dtype(dtype).np_dtype)
    rows = arr.reshape(-1, arr.shape[-1])
    values = None if weights is None else weights.reshape(rows.shape)
    kind = as_dtype(dtype).np_dtype
    out = jnp.stack(
        [
            _tally(row, None if values is None else values[i], size, kind)
            for i, row in enumerate(rows)
        ]
    )
    if binary:
        out = (out > 0).astype(out.dtype)
    return out.reshape(*arr.shape[:-1], size)


def bincount(
    arr: Any,
    weights: Any = None,
    minlength: Any = None,
    maxlength: Any = None,
    dtype: Any = dtypes.int32,
    name: str | None = None,
    axis: Any = None,
    binary_output: bool = False,
) -> Tensor:
    """How often each number from zero on occurs.

    Args:
        arr: a tensor of non-negative integers.
        weights: numbers of the same shape that are summed instead of counted.
        minlength: the least number of bins.
        maxlength: the largest number of bins; larger values are left out.
        dtype: the dtype of counts; sums have the dtype of the weights.
        name: a name scope.
        axis: None or 0 counts over the whole tensor, -1 each row of a matrix.
        binary_output: whether to tell only if a value occurs (1) or not (0).

    Returns:
        A tensor of shape ``(bins,)``, or ``(rows, bins)`` with ``axis=-1``.

    Raises:
        InvalidArgumentError: if a value is negative.

    Reference: ``tf.math.bincount``. The number of bins depends on values unless
    ``minlength`` equals ``maxlength``: inside a ``tf.function`` the function then runs
    op by op.
    """
    arr = _whole("tf.math.bincount", arr)
    if axis not in (None, 0, -1):
        raise InvalidArgumentError.of(
            "tf.math.bincount",
            expected="axis of None, 0 or -1",
            received=f"axis={axis}",
            hint="Transpose the tensor first.",
        )
    found = None if state.trace else known_positions(arr)
    if found is not None and found.size and found.min() < 0:
        raise InvalidArgumentError.of(
            "tf.math.bincount",
            expected="values of zero or more",
            received=f"Input arr must be non-negative! The least is {found.min()}",
            hint="Shift the values.",
        )
    low = 0 if minlength is None else as_int("tf.math.bincount", minlength, "minlength")
    high = None
    if maxlength is not None:
        high = as_int("tf.math.bincount", maxlength, "maxlength")
    size = low if high == low else max(static_max(arr) + 1, low)
    size = size if high is None else min(size, high)
    if axis != -1 or arr.shape.rank == 0:
        arr = reshape(arr, (-1,))
    return _bincount(
        arr, weights, size, as_dtype(dtype), bool(binary_output), name=name
    )


def _whole(name: str, value: Any) -> Tensor:
    """Class numbers as an ``int32`` or ``int64`` tensor."""
    tensor = convert_to_tensor(value)
    if not (tensor.dtype.is_integer or tensor.dtype.is_floating):
        raise DTypeError.of(
            name,
            expected="whole numbers",
            received=f"a tensor of dtype {tensor.dtype.name}",
            hint="Convert the values first, as with tf.strings.to_number.",
        )
    wide = tensor.dtype.is_integer and tensor.dtype.size == 8
    return cast(tensor, dtypes.int64 if wide else dtypes.int32)


@op("math.confusion_matrix", differentiable=False)
def _confusion(
    labels: TensorLike,
    predictions: TensorLike,
    weights: TensorLike | None,
    size: int,
    dtype: Any,
    name: str | None = None,
) -> Array:
    kind = as_dtype(dtype).np_dtype
    ones = jnp.ones(labels.shape, kind) if weights is None else weights.astype(kind)
    return jnp.zeros((size, size), kind).at[labels, predictions].add(ones, mode="drop")


def confusion_matrix(
    labels: Any,
    predictions: Any,
    num_classes: Any = None,
    weights: Any = None,
    dtype: Any = dtypes.int32,
    name: str | None = None,
) -> Tensor:
    """How often each true class (row) was predicted as each class (column).

    Args:
        labels: a vector of true classes.
        predictions: a vector of predicted classes.
        num_classes: the number of classes; the largest class plus one if None.
        weights: a vector of weights that are summed instead of counted.
        dtype: the dtype of the result.
        name: a name scope.

    Returns:
        A tensor of shape ``(num_classes, num_classes)``.

    Raises:
        InvalidArgumentError: if a class is negative or too large, or the lengths
            differ.

    Reference: ``tf.math.confusion_matrix``.
    """
    truth = reshape(_whole("tf.math.confusion_matrix", labels), (-1,))
    guess = reshape(_whole("tf.math.confusion_matrix", predictions), (-1,))
    if truth.shape != guess.shape:
        raise ShapeError.of(
            "tf.math.confusion_matrix",
            expected="as many predictions as labels",
            received=f"{text(truth.shape)} and {text(guess.shape)}",
            hint="Take the argmax of scores first.",
        )
    if num_classes is None:
        size = 1 + max(static_max(truth), static_max(guess))
    else:
        size = as_int("tf.math.confusion_matrix", num_classes, "num_classes")
    for what, values in (("labels", truth), ("predictions", guess)):
        found = None if state.trace else known_positions(values)
        if found is not None and found.size:
            if found.min() < 0 or found.max() >= size:
                raise InvalidArgumentError.of(
                    "tf.math.confusion_matrix",
                    expected=f"`{what}` in [0, {size})",
                    received=f"`{what}` contains negative values"
                    if found.min() < 0
                    else f"`{what}` out of bound: {found.max()}",
                    hint="Classes are counted from 0.",
                )
    return _confusion(truth, guess, weights, size, as_dtype(dtype), name=name)


def _bins(values: Array, value_range: Array, nbins: Any, name: str) -> Array:
    count = as_int(name, nbins, "nbins")
    if count < 1 or value_range.shape != (2,):
        raise InvalidArgumentError.of(
            name,
            expected="nbins of 1 or more and a range of two numbers",
            received=f"nbins={count}, value_range of shape {text(value_range.shape)}",
            hint="As in value_range=[0.0, 5.0].",
        )
    low, high = value_range[0], value_range[1]
    wide = jnp.float32 if values.dtype.itemsize < 8 else jnp.float64
    share = (values.astype(wide) - low) / (high - low).astype(wide)
    return jnp.clip(jnp.floor(share * count), 0, count - 1).astype(jnp.int32)


@op("histogram_fixed_width_bins", dtypes=REAL, differentiable=False)
def _histogram_bins(
    values: Same, value_range: Same, nbins: Any, dtype: Any, name: str | None = None
) -> Array:
    found = _bins(values, value_range, nbins, "tf.histogram_fixed_width_bins")
    return found.astype(as_dtype(dtype).np_dtype)


@op("histogram_fixed_width", dtypes=REAL, differentiable=False)
def _histogram(
    values: Same, value_range: Same, nbins: Any, dtype: Any, name: str | None = None
) -> Array:
    found = _bins(values.reshape(-1), value_range, nbins, "tf.histogram_fixed_width")
    return _tally(found, None, int(nbins), as_dtype(dtype).np_dtype)


def _check_range(name: str, value_range: Any) -> Tensor:
    limits = convert_to_tensor(value_range)
    found = None if state.trace else known_positions(limits)
    if found is not None and found.shape == (2,) and not found[0] < found[1]:
        raise InvalidArgumentError.of(
            name,
            expected="value_range[0] < value_range[1]",
            received=f"value_range={found.tolist()}",
            hint="Give the lower limit first.",
        )
    return limits


def histogram_fixed_width_bins(
    values: Any,
    value_range: Any,
    nbins: Any = 100,
    dtype: Any = dtypes.int32,
    name: str | None = None,
) -> Tensor:
    """The bin of each value among bins of equal width.

    Args:
        values: a real tensor.
        value_range: the two limits, of the same dtype. Values below go to the first
            bin, above to the last.
        nbins: the number of bins.
        dtype: the integer dtype of the result.
        name: a name scope.

    Returns:
        An integer tensor of the shape of ``values``.

    Raises:
        InvalidArgumentError: if the limits are not ascending.

    Reference: ``tf.histogram_fixed_width_bins``.
    """
    limits = _check_range("tf.histogram_fixed_width_bins", value_range)
    return _histogram_bins(values, limits, nbins, as_dtype(dtype), name=name)


def histogram_fixed_width(
    values: Any,
    value_range: Any,
    nbins: Any = 100,
    dtype: Any = dtypes.int32,
    name: str | None = None,
) -> Tensor:
    """How many values fall into each of some bins of equal width.

    Args:
        values: a real tensor.
        value_range: the two limits, of the same dtype. Values below count in the
            first bin, above in the last.
        nbins: the number of bins.
        dtype: the integer dtype of the result.
        name: a name scope.

    Returns:
        An integer tensor of shape ``(nbins,)``.

    Raises:
        InvalidArgumentError: if the limits are not ascending.

    Reference: ``tf.histogram_fixed_width``.
    """
    limits = _check_range("tf.histogram_fixed_width", value_range)
    return _histogram(values, limits, nbins, as_dtype(dtype), name=name)
