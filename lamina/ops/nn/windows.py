"""What convolutions and poolings share: strides, padding and data formats."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from lamina.engine.errors import InvalidArgumentError, ShapeError

Pads = tuple[tuple[int, int], ...]


class Layout(NamedTuple):
    """Where the dimensions of a batch of feature maps stand."""

    rank: int
    channels_first: bool

    @property
    def letters(self) -> str:
        """The layout as ``lax.conv_general_dilated`` names it, such as ``NHWC``."""
        spatial = "DHW"[3 - self.rank :]
        return f"NC{spatial}" if self.channels_first else f"N{spatial}C"

    def spatial(self, shape: Sequence[Any]) -> tuple[Any, ...]:
        """The entries of ``shape`` that belong to spatial dimensions."""
        first = 2 if self.channels_first else 1
        return tuple(shape[first : first + self.rank])

    def channels(self, shape: Sequence[Any]) -> Any:
        """The entry of ``shape`` that belongs to the channels."""
        return shape[1 if self.channels_first else self.rank + 1]

    def full(self, spatial: Sequence[Any], other: Any) -> tuple[Any, ...]:
        """Spatial entries with ``other`` for the batch and the channels."""
        if self.channels_first:
            return (other, other, *spatial)
        return (other, *spatial, other)


def layout(name: str, data_format: str | None, rank: int) -> Layout:
    """Reads a data format for ``rank`` spatial dimensions.

    Raises:
        ValueError: if it is none of the known ones.
    """
    if data_format is None:
        return Layout(rank, False)
    spatial = "DHW"[3 - rank :]
    last, first = f"N{spatial}C", f"NC{spatial}"
    known = {last: False, first: True}
    if rank == 1:
        known |= {"NWC": False, "NCW": True, "NHWC": False, "NCHW": True}
    if data_format not in known:
        raise InvalidArgumentError.of(
            name,
            expected=f"data_format {last!r} or {first!r}",
            received=f"data_format={data_format!r}",
            hint="Channels stand last or directly after the batch.",
        )
    return Layout(rank, known[data_format])


def per_axis(name: str, what: str, value: Any, form: Layout) -> tuple[int, ...]:
    """Strides, dilations or window sizes of the spatial dimensions.

    Args:
        name: the public name for errors.
        what: the argument's name for errors.
        value: an int, or 1, ``rank`` or ``rank + 2`` ints.
        form: the data layout.

    Raises:
        ValueError: for another number of ints, for values below 1, or for batch or
            channel entries other than 1.
    """
    values = (value,) if isinstance(value, int) else tuple(int(v) for v in value)
    if len(values) == 1:
        values = values * form.rank
    elif len(values) == form.rank + 2:
        if values[0] != 1 or form.channels(values) != 1:
            raise InvalidArgumentError.of(
                name,
                expected=f"{what} 1 for the batch and the channels",
                received=f"{what}={list(values)}",
                hint="Windows and steps extend over spatial dimensions only.",
            )
        values = form.spatial(values)
    if len(values) != form.rank or min(values, default=1) < 1:
        raise InvalidArgumentError.of(
            name,
            expected=f"{what} as an int, or as 1, {form.rank} or {form.rank + 2} "
            "positive ints",
            received=f"{what}={value}",
            hint="Give one value, or one for each spatial dimension.",
        )
    return values


def check_rank(name: str, x: Any, form: Layout, least: bool = False) -> None:
    """Raises unless ``x`` has the rank of a batch (at least, where ``least``)."""
    wanted = form.rank + 2
    if x.ndim == wanted or (least and x.ndim > wanted):
        return
    raise ShapeError.of(
        name,
        expected=f"input of rank {wanted} in the layout {form.letters}",
        received=f"input of shape {tuple(x.shape)}",
        hint="Add the batch dimension with tf.expand_dims(x, 0), or the channel "
        "dimension with x[..., tf.newaxis].",
    )


def pads(
    name: str,
    padding: Any,
    sizes: Sequence[int],
    window: Sequence[int],
    strides: Sequence[int],
    form: Layout,
) -> Pads:
    """The zeros before and after each spatial dimension.

    Args:
        name: the public name for errors.
        padding: ``"SAME"``, ``"VALID"``, or pairs for all dimensions.
        sizes: the spatial sizes of the input.
        window: the spatial sizes of the window, dilated.
        strides: the steps of the window.
        form: the data layout.

    Raises:
        ValueError: for another padding.
        InvalidArgumentError: if the window does not fit into the padded input.
    """
    if padding == "VALID":
        found: Pads = ((0, 0),) * form.rank
    elif padding == "SAME":
        found = tuple(
            same_pads(*part) for part in zip(sizes, window, strides, strict=True)
        )
    elif isinstance(padding, list | tuple) and len(padding) == form.rank + 2:
        found = form.spatial([(int(low), int(high)) for low, high in padding])
    else:
        raise InvalidArgumentError.of(
            name,
            expected=f"padding 'SAME', 'VALID' or {form.rank + 2} pairs of ints",
            received=f"padding={padding!r}",
            hint="Low-level operations take the words in capitals.",
        )
    for size, reach, (low, high) in zip(sizes, window, found, strict=True):
        if size + low + high < reach:
            raise InvalidArgumentError.of(
                name,
                expected="a window that fits into the padded input",
                received=f"spatial sizes {list(sizes)}, window {list(window)}, padding "
                f"{padding!r}: Computed output size would be negative",
                hint="Use a smaller window, padding='SAME' or larger images.",
            )
    return found


def same_pads(size: int, window: int, stride: int) -> tuple[int, int]:
    """TensorFlow's SAME padding: the odd zero goes to the end."""
    output = -(-size // stride)
    total = max((output - 1) * stride + window - size, 0)
    return total // 2, total - total // 2


def reach(window: Sequence[int], dilations: Sequence[int]) -> tuple[int, ...]:
    """The extent of a dilated window."""
    pairs = zip(window, dilations, strict=True)
    return tuple((size - 1) * dilation + 1 for size, dilation in pairs)
