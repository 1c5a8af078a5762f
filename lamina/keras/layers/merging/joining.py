"""`Concatenate` and `Dot`, and their functions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lamina.engine.tensor import Tensor
from lamina.keras.layers.arguments import arguments_config
from lamina.keras.layers.merging.base_merge import Merge, Shape
from lamina.keras.ops.normalization import normalize
from lamina.ops.array.casting import cast
from lamina.ops.array.creation import ones, zeros_like
from lamina.ops.array.joining import concat
from lamina.ops.array.shaping import expand_dims
from lamina.ops.linalg.products import einsum
from lamina.ops.math.comparison import logical_or
from lamina.ops.math.reduction import reduce_any


class Concatenate(Merge):
    """Joins inputs one after the other along an axis.

    Args:
        axis: The axis, counted with the batch.
        **kwargs: `name`, `dtype`.

    Call arguments:
        inputs: A list of tensors whose shapes are equal but for `axis`.

    Raises:
        ValueError: The shapes do not match.

    Reference: `keras.layers.Concatenate`.
    """

    def __init__(self, axis: int = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = axis

    def build(self, input_shape: Any) -> None:
        """Checks that the shapes match."""
        self._check_shapes(input_shape)
        self._joined(input_shape)

    def _joined(self, shapes: Any) -> Shape:
        ranks = {len(shape) for shape in shapes}
        first = list(shapes[0])
        if len(ranks) == 1 and -len(first) <= self.axis < len(first):
            axis = self.axis % len(first)
            total: int | None = 0
            matching = True
            for shape in shapes:
                size = shape[axis]
                total = None if total is None or size is None else total + size
                for i, (a, b) in enumerate(zip(first, shape, strict=True)):
                    if i != axis and a is None:
                        first[i] = b
                    elif i != axis and b not in (None, a):
                        matching = False
            if matching:
                first[axis] = total
                return tuple(first)
        raise self._problem(
            "A `Concatenate` layer requires inputs with matching shapes except for "
            f"the concatenation axis {self.axis}: input_shape="
            f"{[tuple(s) for s in shapes]}",
            "inputs of equal shapes but for `axis`",
        )

    def call(self, inputs: Any) -> Tensor:
        """Returns the joined inputs."""
        return concat(list(inputs), self.axis)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """Returns the joined masks; inputs without one count as kept."""
        if mask is None:
            return None
        self._check_masks(inputs, mask)
        if all(m is None for m in mask):
            return None
        parts = []
        for x, m in zip(inputs, mask, strict=True):
            if m is None:
                m = ones(tuple(x.shape), "bool")
            elif len(m.shape) < len(x.shape):
                m = expand_dims(cast(m, "bool"), -1)
                m = logical_or(m, zeros_like(x, "bool"))
            parts.append(cast(m, "bool"))
        return reduce_any(concat(parts, self.axis), axis=-1)

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments as a JSON-able dict."""
        return {**super().get_config(), **arguments_config(Concatenate, self)}


class Dot(Merge):
    """The dot products of two inputs along an axis of each, example by example.

    Args:
        axes: The axis of both inputs, or a pair; the batch is axis 0.
        normalize: Whether to scale the vectors to length 1 first, which gives the
            cosine.
        **kwargs: `name`, `dtype`.

    Call arguments:
        inputs: A list of two tensors `(B, ...)` of equal size along the axes.

    Returns:
        A tensor of the batch, the first input's other axes, and the second's;
        `(B, 1)` for two inputs of rank 2.

    Raises:
        TypeError: `axes` is neither an integer nor a pair.
        ValueError: The sizes along the axes differ.

    Reference: `keras.layers.Dot`.
    """

    def __init__(self, axes: Any, normalize: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not isinstance(axes, int):
            if not isinstance(axes, list | tuple):
                raise TypeError(
                    "keras.layers.Dot: Invalid type for argument `axes`: it should be "
                    f"a list or an int. Received: axes={axes}"
                )
            if len(axes) != 2 or not all(isinstance(a, int) for a in axes):
                raise ValueError(
                    "keras.layers.Dot: Invalid format for argument `axes`: list "
                    "elements should be two integers (it should contain two elements)."
                    f" Received: axes={axes}"
                )
        self.axes = axes
        self.normalize = normalize

    def _both_axes(self, ranks: tuple[int, int]) -> tuple[int, int]:
        pair = (self.axes, self.axes) if isinstance(self.axes, int) else self.axes
        return pair[0] % ranks[0], pair[1] % ranks[1]

    def build(self, input_shape: Any) -> None:
        """Checks that there are two shapes, and that they fit."""
        self._check_shapes(input_shape)
        self._joined(input_shape)

    def _joined(self, shapes: Any) -> Shape:
        if len(shapes) != 2:
            raise self._problem(
                "A `Dot` layer should be called on a list of 2 inputs (exactly 2): "
                f"input_shape={shapes}",
                "two inputs",
            )
        a, b = tuple(shapes[0]), tuple(shapes[1])
        i, j = self._both_axes((len(a), len(b)))
        if a[i] != b[j] and None not in (a[i], b[j]):
            raise self._problem(
                f"Incompatible input shapes: axis values {a[i]} (at axis {i}) != "
                f"{b[j]} (at axis {j}). Full input shapes: {a}, {b}",
                "equal sizes along the axes",
            )
        rest = a[1:i] + a[i + 1 :] + b[1:j] + b[j + 1 :]
        return (a[0] if a[0] is not None else b[0], *rest) if rest else (a[0], 1)

    def call(self, inputs: Any) -> Tensor:
        """Returns the dot products."""
        shape = self._joined([tuple(x.shape) for x in inputs])
        x, y = inputs
        i, j = self._both_axes((len(x.shape), len(y.shape)))
        if self.normalize:
            x, y = normalize(x, axis=i), normalize(y, axis=j)
        left = ["b", *(chr(ord("c") + k) for k in range(len(x.shape) - 1))]
        right = ["b", *(chr(ord("n") + k) for k in range(len(y.shape) - 1))]
        left[i] = right[j] = "a"
        out = [c for c in left + right[1:] if c != "a"]
        result = einsum(f"{''.join(left)},{''.join(right)}->{''.join(out)}", x, y)
        return expand_dims(result, 1) if len(shape) > len(out) else result

    def compute_mask(self, inputs: Any, mask: Any = None) -> None:
        """Returns None."""
        return None

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments as a JSON-able dict."""
        return {**super().get_config(), **arguments_config(Dot, self)}


def concatenate(inputs: Sequence[Any], axis: int = -1, **kwargs: Any) -> Tensor:
    """A list of tensors one after the other; see `Concatenate`.

    Args:
        inputs: The tensors.
        axis: The axis, counted with the batch.
        **kwargs: `name`, `dtype`.

    Reference: `keras.layers.concatenate`.
    """
    return Concatenate(axis=axis, **kwargs)(inputs)


def dot(inputs: Sequence[Any], axes: Any = -1, **kwargs: Any) -> Tensor:
    """The dot products of two tensors along an axis of each; see `Dot`.

    Args:
        inputs: The two tensors.
        axes: The axis of both inputs, or a pair.
        **kwargs: `normalize`, `name`, `dtype`.

    Reference: `keras.layers.dot`.
    """
    return Dot(axes=axes, **kwargs)(inputs)
