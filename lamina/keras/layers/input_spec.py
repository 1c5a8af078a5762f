"""`InputSpec` and the check of a layer's inputs against it."""

from __future__ import annotations

from typing import Any

from lamina.engine import nest
from lamina.engine.tensor import Tensor
from lamina.keras.common.standardize import standardize_dtype, standardize_shape


class InputSpec:
    """What a layer expects of one input.

    Args:
        dtype: the dtype.
        shape: the shape with the batch size, where `None` is any size.
        ndim: the rank.
        max_ndim: the highest rank.
        min_ndim: the lowest rank.
        axes: axis to required size.
        allow_last_axis_squeeze: whether a last axis of size 1 may be missing or extra.
        name: the key of this input when data comes as a dict.
        optional: whether `None` may be passed.

    Raises:
        TypeError: `axes` has keys that are no integers.
        ValueError: `axes` names an axis beyond the rank.

    Reference: `keras.InputSpec`.
    """

    def __init__(
        self,
        dtype: Any = None,
        shape: Any = None,
        ndim: int | None = None,
        max_ndim: int | None = None,
        min_ndim: int | None = None,
        axes: dict[int, int | None] | None = None,
        allow_last_axis_squeeze: bool = False,
        name: str | None = None,
        optional: bool = False,
    ) -> None:
        self.dtype = standardize_dtype(dtype) if dtype is not None else None
        self.shape = standardize_shape(shape) if shape is not None else None
        self.ndim = len(self.shape) if self.shape is not None else ndim
        self.max_ndim = max_ndim
        self.min_ndim = min_ndim
        self.name = name
        self.optional = optional
        self.allow_last_axis_squeeze = allow_last_axis_squeeze
        try:
            self.axes = {int(key): value for key, value in (axes or {}).items()}
        except (ValueError, TypeError, AttributeError):
            raise TypeError(
                "Argument `axes` must be a dict with integer keys. "
                f"Received: axes={axes}"
            ) from None
        bound = self.ndim if self.ndim is not None else self.max_ndim
        if self.axes and bound is not None and max(self.axes) > bound - 1:
            raise ValueError(
                f"Axis {max(self.axes)} is greater than the maximum allowed value: "
                f"{bound - 1}"
            )

    def __repr__(self) -> str:
        names = ("dtype", "shape", "ndim", "max_ndim", "min_ndim", "axes")
        values = {name: getattr(self, name) for name in names}
        text = ", ".join(f"{name}={value}" for name, value in values.items() if value)
        return f"InputSpec({text})"

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            "dtype": self.dtype,
            "shape": self.shape,
            "ndim": self.ndim,
            "max_ndim": self.max_ndim,
            "min_ndim": self.min_ndim,
            "axes": self.axes,
            "optional": self.optional,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> InputSpec:
        """The spec that `get_config` describes."""
        return cls(**config)


def assert_input_compatibility(input_spec: Any, inputs: Any, layer_name: str) -> None:
    """Check the inputs of a layer against its specs.

    Args:
        input_spec: a spec or a structure of specs.
        inputs: a tensor or a structure of tensors.
        layer_name: the layer, for the message.

    Raises:
        ValueError: the number, rank, dtype or shape of the inputs is another.
    """
    if not input_spec:
        return
    specs = [input_spec] if isinstance(input_spec, InputSpec) else _flat(input_spec)
    flat = nest.flatten(_by_name(specs, inputs))
    if len(flat) != len(specs):
        _raise_count(specs, flat, layer_name)
    for index, (x, spec) in enumerate(zip(flat, specs)):
        if spec is None or (x is None and spec.optional):
            continue
        if not hasattr(x, "shape"):
            raise ValueError(
                f"Inputs to a layer should be tensors. Got '{x}' (of type {type(x)}) "
                f"as input for layer '{layer_name}'."
            )
        problem = _mismatch(spec, x)
        if problem:
            raise ValueError(
                f"Input {index} with name '{spec.name}' of layer '{layer_name}' is "
                f"incompatible with the layer: {problem}"
            )


def _flat(specs: Any) -> list[Any]:
    return nest.flatten(specs)


def _by_name(specs: list[Any], inputs: Any) -> Any:
    names = [getattr(spec, "name", None) for spec in specs]
    if not isinstance(inputs, dict) or not all(names):
        return inputs
    for name in names:
        if name not in inputs:
            raise ValueError(
                f'Missing data for input "{name}". You passed a data dictionary with '
                f"keys {list(inputs)}. Expected the following keys: {names}"
            )
    return [inputs[name] for name in names]


def _raise_count(specs: list[Any], flat: list[Any], layer_name: str) -> None:
    names = [spec.name for spec in specs if spec is not None]
    if len(names) == len(specs) and all(names):
        example = ", ".join(f"'{name}': ..." for name in names)
        raise ValueError(
            f'Layer "{layer_name}" expects {len(specs)} named input(s) with keys '
            f"{names}, but it received {len(flat)} input tensors. Pass inputs as a "
            f"dict, e.g. `layer({{{example}}})`."
        )
    raise ValueError(
        f'Layer "{layer_name}" expects {len(specs)} input(s), but it received '
        f"{len(flat)} input tensors. Inputs received: {flat}"
    )


def _mismatch(spec: InputSpec, x: Any) -> str | None:
    shape = x._value.shape if type(x) is Tensor else standardize_shape(x.shape)
    ndim = len(shape)
    full = f"Full shape received: {shape}"
    if spec.ndim is not None and not spec.allow_last_axis_squeeze and ndim != spec.ndim:
        return f"expected ndim={spec.ndim}, found ndim={ndim}. {full}"
    if spec.max_ndim is not None and ndim > spec.max_ndim:
        return f"expected max_ndim={spec.max_ndim}, found ndim={ndim}. {full}"
    if spec.min_ndim is not None and ndim < spec.min_ndim:
        return f"expected min_ndim={spec.min_ndim}, found ndim={ndim}. {full}"
    if spec.dtype is not None and standardize_dtype(x.dtype) != spec.dtype:
        return f"expected dtype={spec.dtype}, found dtype={standardize_dtype(x.dtype)}"
    for axis, size in spec.axes.items():
        if size is not None and shape[axis] not in (size, None):
            return (
                f"expected axis {axis} of input shape to have value {size}, but "
                f"received input with shape {shape}"
            )
    if spec.shape is None:
        return None
    expected: tuple[int | None, ...] = spec.shape
    if spec.allow_last_axis_squeeze:
        shape = shape[:-1] if shape and shape[-1] == 1 else shape
        expected = expected[:-1] if expected and expected[-1] == 1 else expected
    if any(a is not None and b is not None and a != b for a, b in zip(expected, shape)):
        return f"expected shape={spec.shape}, found shape={shape}"
    return None
