"""`keras.ops.math`: segments, the k largest, Fourier transforms, sequences."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from lamina.engine.op import Array, TensorLike, op
from lamina.engine.tensor import Tensor, convert_to_tensor
from lamina.keras.ops.promotion import convert, promote, to_float
from lamina.ops.math import reduction
from lamina.ops.nn import lookup

_SEGMENTS = {
    "sum": jax.ops.segment_sum,
    "max": jax.ops.segment_max,
    "min": jax.ops.segment_min,
    "prod": jax.ops.segment_prod,
}


@op("keras.ops.segment_sum")
def _segment(
    data: TensorLike,
    segment_ids: TensorLike,
    num_segments: int,
    how: str,
    ordered: bool,
) -> Array:
    """The lowering of the segment reductions."""
    return _SEGMENTS[how](data, segment_ids, num_segments, indices_are_sorted=ordered)


def _segments(how: str, words: str) -> Any:
    name = f"segment_{how}"

    def function(
        data: Any,
        segment_ids: Any,
        num_segments: int | None = None,
        sorted: bool = False,
    ) -> Tensor:
        ids = convert(segment_ids, "int32")
        if len(ids.shape) != 1:
            raise ValueError(
                f"keras.ops.{name}: expected segment_ids as a vector. Received: shape "
                f"{tuple(ids.shape)}. Argument `segment_ids` should be an 1-D vector."
            )
        if num_segments is None:
            num_segments = int(np.asarray(ids).max()) + 1 if ids.shape[0] else 0
        return _segment(convert_to_tensor(data), ids, int(num_segments), how, sorted)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"""The {words} of the rows of each segment.

    Args:
        data: A tensor.
        segment_ids: The number of the segment of each row.
        num_segments: How many segments; the largest number plus one if None.
        sorted: Whether `segment_ids` ascend.

    Returns:
        A tensor with a row for each segment.

    Raises:
        ValueError: `segment_ids` is not a vector.

    Reference: `keras.ops.{name}`.
    """
    return function


segment_sum = _segments("sum", "sum")
segment_max = _segments("max", "largest elements")
segment_min = _segments("min", "least elements")
segment_prod = _segments("prod", "product")


def top_k(x: Any, k: int, sorted: bool = True) -> Any:
    """The k largest elements along the last axis and their positions.

    Args:
        x: A tensor.
        k: How many.
        sorted: Accepted: the result is always sorted.

    Returns:
        `(values, indices)`; indices are int32.

    Reference: `keras.ops.top_k`.
    """
    return lookup.top_k(convert_to_tensor(x), int(k), bool(sorted))


def in_top_k(targets: Any, predictions: Any, k: int) -> Tensor:
    """Whether the targets are among the k largest predictions.

    Args:
        targets: Class indices `(B,)`.
        predictions: Scores `(B, K)`.
        k: How many count.

    Returns:
        Booleans `(B,)`.

    Reference: `keras.ops.in_top_k`.
    """
    return lookup.in_top_k(convert(targets, "int32"), to_float(predictions), int(k))


def logsumexp(x: Any, axis: Any = None, keepdims: bool = False) -> Tensor:
    """The logarithm of the sum of exponentials, without overflow.

    Args:
        x: A tensor; integers become floatx.
        axis: The axes; all of them if None.
        keepdims: Whether reduced axes stay with size 1.

    Returns:
        A floating tensor.

    Reference: `keras.ops.logsumexp`.
    """
    return reduction.reduce_logsumexp(to_float(x), axis, keepdims)


@op("keras.ops.extract_sequences")
def extract_sequences(
    x: TensorLike, sequence_length: int, sequence_stride: int
) -> Array:
    """Overlapping windows of the last axis.

    Args:
        x: A tensor `(..., T)`.
        sequence_length: The length of a window.
        sequence_stride: The distance of two windows.

    Returns:
        A tensor `(..., windows, sequence_length)`.

    Reference: `keras.ops.extract_sequences`.
    """
    count = max(0, 1 + (x.shape[-1] - sequence_length) // sequence_stride)
    starts = np.arange(count) * sequence_stride
    places = starts[:, None] + np.arange(sequence_length)
    return jnp.take(x, places, axis=-1)


def _complex_pair(name: str, x: Any) -> Tensor:
    if not isinstance(x, tuple | list) or len(x) != 2:
        raise ValueError(
            f"keras.ops.{name}: expected a tuple of real and imaginary parts. "
            f"Received: x={x!r:.100}. Input `x` should be a tuple of two tensors."
        )
    real, imaginary = promote(*x, extra=(float,))
    if tuple(real.shape) != tuple(imaginary.shape):
        raise ValueError(
            f"keras.ops.{name}: expected parts of the same shape. Received: "
            f"{tuple(real.shape)} and {tuple(imaginary.shape)}. Both the real and "
            "imaginary parts should have the same shape."
        )
    return _join(real, imaginary)


@op("keras.ops.join_complex")
def _join(real: TensorLike, imaginary: TensorLike) -> Array:
    """Complex numbers from two parts."""
    return jax.lax.complex(real, imaginary)


@op("keras.ops.fft")
def _transform(x: TensorLike, axes: int, inverse: bool) -> tuple[Array, Array]:
    """The lowering of the Fourier transforms of complex numbers."""
    along = tuple(range(-axes, 0))
    out = (jnp.fft.ifftn if inverse else jnp.fft.fftn)(x, axes=along)
    return out.real, out.imag


def fft(x: Any) -> tuple[Tensor, Tensor]:
    """The Fourier transform along the last axis.

    Args:
        x: A tuple of real and imaginary parts.

    Returns:
        A tuple of real and imaginary parts.

    Raises:
        ValueError: `x` is not a pair of equal shapes.

    Reference: `keras.ops.fft`.
    """
    return _transform(_complex_pair("fft", x), 1, False)


def fft2(x: Any) -> tuple[Tensor, Tensor]:
    """The Fourier transform along the last two axes.

    Args:
        x: A tuple of real and imaginary parts.

    Returns:
        A tuple of real and imaginary parts.

    Raises:
        ValueError: `x` is not a pair of equal shapes.

    Reference: `keras.ops.fft2`.
    """
    return _transform(_complex_pair("fft2", x), 2, False)


def ifft2(x: Any) -> tuple[Tensor, Tensor]:
    """The inverse Fourier transform along the last two axes.

    Args:
        x: A tuple of real and imaginary parts.

    Returns:
        A tuple of real and imaginary parts.

    Raises:
        ValueError: `x` is not a pair of equal shapes.

    Reference: `keras.ops.ifft2`.
    """
    return _transform(_complex_pair("ifft2", x), 2, True)


@op("keras.ops.rfft")
def _rfft(x: TensorLike, length: int | None) -> tuple[Array, Array]:
    """The lowering of `keras.ops.rfft`."""
    out = jnp.fft.rfft(x, length)
    return out.real, out.imag


def rfft(x: Any, fft_length: int | None = None) -> tuple[Tensor, Tensor]:
    """The Fourier transform of real numbers along the last axis.

    Args:
        x: A real tensor.
        fft_length: The length, to which `x` is cut or filled with zeros.

    Returns:
        A tuple of real and imaginary parts.

    Reference: `keras.ops.rfft`.
    """
    return _rfft(to_float(x), fft_length)


@op("keras.ops.irfft")
def _irfft(x: TensorLike, length: int | None) -> Array:
    """The lowering of `keras.ops.irfft`."""
    return jnp.fft.irfft(x, length)


def irfft(x: Any, fft_length: int | None = None) -> Tensor:
    """The inverse of `rfft`.

    Args:
        x: A tuple of real and imaginary parts.
        fft_length: The length of the result; `2 * (n - 1)` if None.

    Returns:
        A real tensor.

    Reference: `keras.ops.irfft`.
    """
    return _irfft(_complex_pair("irfft", x), fft_length)


def _analysis_window(window: Any, length: int, size: int) -> np.ndarray[Any, Any]:
    """A window of `length` samples in the middle of `size` samples."""
    if window is None:
        values = np.ones(length)
    elif isinstance(window, str):
        if window not in ("hann", "hamming"):
            raise ValueError(
                "keras.ops.stft: expected window 'hann', 'hamming', None or a vector. "
                f"Received: window={window}. If a string is passed to `window`, it "
                "must be one of these."
            )
        maker = np.hanning if window == "hann" else np.hamming
        values = maker(length + 1)[:-1]  # periodic
    else:
        values = np.asarray(window)
        if values.shape != (length,):
            raise ValueError(
                f"keras.ops.stft: expected a window of shape ({length},). Received: "
                f"{values.shape}. The shape of `window` must be equal to "
                "[sequence_length]."
            )
    left = (size - length) // 2
    return np.pad(values, (left, size - length - left))


@op("keras.ops.stft")
def _stft(
    x: TensorLike, window: TensorLike, stride: int, center: bool
) -> tuple[Array, Array]:
    """The lowering of `keras.ops.stft`."""
    size = window.shape[0]
    if center:
        edges = [(0, 0)] * (x.ndim - 1) + [(size // 2, size // 2)]
        x = jnp.pad(x, edges, mode="reflect")
    frames = extract_sequences.lower(x, size, stride)
    out = jnp.fft.rfft(frames * window.astype(x.dtype))
    return out.real, out.imag


def stft(
    x: Any,
    sequence_length: int,
    sequence_stride: int,
    fft_length: int,
    window: Any = "hann",
    center: bool = True,
) -> tuple[Tensor, Tensor]:
    """The Fourier transforms of overlapping windows of a signal.

    Args:
        x: A floating tensor `(..., T)`.
        sequence_length: The length of a window.
        sequence_stride: The distance of two windows.
        fft_length: The length of a transform, at least that of a window.
        window: `"hann"`, `"hamming"`, a vector, or None for equal weights.
        center: Whether the t-th window is centred at `t * sequence_stride`.

    Returns:
        The real and imaginary parts `(..., windows, fft_length // 2 + 1)`.

    Raises:
        ValueError: The window does not fit.
        TypeError: `x` is not floating.

    Reference: `keras.ops.stft`.
    """
    x = convert_to_tensor(x)
    if not x.dtype.is_floating:
        raise TypeError(
            "keras.ops.stft: expected a floating signal. Received: dtype "
            f"{x.dtype.name}. Invalid input type: expected `float32` or `float64`."
        )
    if fft_length < sequence_length:
        raise ValueError(
            "keras.ops.stft: expected fft_length >= sequence_length. Received: "
            f"sequence_length={sequence_length}, fft_length={fft_length}. Enlarge it."
        )
    values = _analysis_window(window, sequence_length, fft_length)
    return _stft(x, convert(values, x.dtype), int(sequence_stride), bool(center))


@op("keras.ops.istft")
def _istft(
    x: TensorLike, window: TensorLike, stride: int, start: int, stop: int
) -> Array:
    """The lowering of `keras.ops.istft`."""
    size = window.shape[0]
    frames = jnp.fft.irfft(x, size) * window
    count = frames.shape[-2]
    total = (count - 1) * stride + size
    places = np.arange(count)[:, None] * stride + np.arange(size)
    flat = frames.reshape(*frames.shape[:-2], -1)
    sums = jnp.zeros((*frames.shape[:-2], total), frames.dtype)
    sums = sums.at[..., places.reshape(-1)].add(flat)
    weights = jnp.zeros(total, frames.dtype)
    squares = jnp.tile(jnp.square(window), count)
    weights = weights.at[places.reshape(-1)].add(squares)
    out = sums / jnp.where(weights > 1e-10, weights, 1)
    missing = max(stop - total, 0)
    if missing:
        out = jnp.pad(out, [(0, 0)] * (out.ndim - 1) + [(0, missing)])
    return out[..., start:stop]


def istft(
    x: Any,
    sequence_length: int,
    sequence_stride: int,
    fft_length: int,
    length: int | None = None,
    window: Any = "hann",
    center: bool = True,
) -> Tensor:
    """The signal whose `stft` is given.

    Args:
        x: The real and imaginary parts.
        sequence_length: The length of a window.
        sequence_stride: The distance of two windows.
        fft_length: The length of a transform.
        length: The length of the signal, or None.
        window: The window of `stft`.
        center: As for `stft`.

    Returns:
        A floating tensor `(..., T)`.

    Reference: `keras.ops.istft`.
    """
    joined = _complex_pair("istft", x)
    kind = "float64" if joined.dtype == "complex128" else "float32"
    values = convert(_analysis_window(window, sequence_length, fft_length), kind)
    total = (int(joined.shape[-2] or 0) - 1) * sequence_stride + fft_length
    start = fft_length // 2 if center else 0
    stop = total - start if center else total
    if length is not None:
        stop = start + length
    return _istft(joined, values, int(sequence_stride), start, stop)


@op("keras.ops.diff")
def diff(a: TensorLike, n: int = 1, axis: int = -1) -> Array:
    """The differences of neighbours along an axis.

    Args:
        a: A tensor.
        n: How often to take differences.
        axis: The axis.

    Returns:
        A tensor, shorter by `n` along the axis.

    Reference: `keras.ops.diff`.
    """
    return jnp.diff(a, n, axis)


@op("keras.ops.trapezoid")
def _trapezoid(y: TensorLike, x: TensorLike | None, dx: float, axis: int) -> Array:
    """The lowering of `keras.ops.trapezoid`."""
    return jnp.trapezoid(y, x, dx, axis)


def trapezoid(y: Any, x: Any = None, dx: float = 1.0, axis: int = -1) -> Tensor:
    """The integral by the trapezoidal rule.

    Args:
        y: Values of a function.
        x: Where they were taken; evenly spaced if None.
        dx: The distance without `x`.
        axis: The axis.

    Returns:
        A floating tensor without the axis.

    Reference: `keras.ops.trapezoid`.
    """
    y = to_float(y)
    return _trapezoid(y, None if x is None else convert(x, y.dtype), dx, axis)


@op("keras.ops.correlate")
def _correlate(x1: TensorLike, x2: TensorLike, mode: str) -> Array:
    """The lowering of `keras.ops.correlate`."""
    return jnp.correlate(x1, x2, mode)


def correlate(x1: Any, x2: Any, mode: str = "valid") -> Tensor:
    """The cross-correlation of two vectors.

    Args:
        x1: A vector.
        x2: A vector.
        mode: `"valid"`, `"same"` or `"full"`.

    Returns:
        A floating vector.

    Reference: `keras.ops.correlate`.
    """
    return _correlate(*promote(x1, x2, extra=(float,)), mode)  # type: ignore[call-arg]


@op("keras.ops.corrcoef")
def _corrcoef(x: TensorLike) -> Array:
    """The lowering of `keras.ops.corrcoef`."""
    return jnp.corrcoef(x)


def corrcoef(x: Any) -> Tensor:
    """The correlation coefficients of variables.

    Args:
        x: A matrix with a variable in each row, or a vector.

    Returns:
        A square matrix.

    Reference: `keras.ops.corrcoef`.
    """
    return _corrcoef(to_float(x))


@op("keras.ops.cdist")
def _cdist(x: TensorLike, y: TensorLike) -> Array:
    """The lowering of `keras.ops.cdist`."""
    difference = x[..., :, None, :] - y[..., None, :, :]
    squares = jnp.sum(jnp.square(difference), -1)
    safe = jnp.where(squares > 0, squares, 1)
    return jnp.where(squares > 0, jnp.sqrt(safe), 0)


def cdist(x: Any, y: Any) -> Tensor:
    """The Euclidean distances of all pairs of rows.

    Args:
        x: A tensor `(..., M, D)`.
        y: A tensor `(..., N, D)`.

    Returns:
        A tensor `(..., M, N)`.

    Reference: `keras.ops.cdist`.
    """
    return _cdist(*promote(x, y, extra=(float,)))
