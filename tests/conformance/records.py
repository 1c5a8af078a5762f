"""The words in which records and cases are declared.

A file in `cases/` is one group. It declares `record(...)` for an op, `layer(...)` for a
Keras layer and `@case(...)` for anything else, and imports nothing but NumPy and this
module: the same file runs with `tf` bound to real TensorFlow (in the oracle's
environment) and bound to Lamina.
"""

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

FLOATING = ("float32", "float64", "bfloat16")
REAL = ("float32", "float64", "bfloat16", "int32", "int64")
NUMERIC = (*REAL, "complex64")
INTEGER = ("int32", "int64", "uint8")
DTYPE_GROUPS = {
    "floating": FLOATING,
    "real": REAL,
    "numeric": NUMERIC,
    "integer": INTEGER,
    "bool": ("bool",),
    "string": ("string",),
    "any": ("float32", "int32", "bool"),
}


class T:
    """A tensor drawn at random for a sample.

    Args:
        *shape: its shape; `T()` is a scalar, `T(0, 3)` is empty.
        dtype: its dtype; None takes the dtype under which the sample runs.
        low, high: the range of the values, half open. The default is -2..2 for floating
            and complex dtypes, -8..8 for integers and 0..8 for unsigned integers.
    """

    def __init__(
        self,
        *shape: int,
        dtype: str | None = None,
        low: float | None = None,
        high: float | None = None,
    ) -> None:
        self.shape = shape
        self.dtype = dtype
        self.low = low
        self.high = high

    def __repr__(self) -> str:
        return f"T({self.shape}, {self.dtype}, {self.low}, {self.high})"


class V:
    """A tensor with given values; dtype None takes the dtype of the sample's run."""

    def __init__(self, values: Any, dtype: str | None = None) -> None:
        self.values = values
        self.dtype = dtype

    def __repr__(self) -> str:
        return f"V({self.values!r}, {self.dtype})"


@dataclass(frozen=True)
class Call:
    """One sample: arguments in which every `T` and `V` becomes a tensor."""

    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]
    differs: str | None = None
    raises: tuple[str, ...] = ()


def call(*args: Any, differs: str | None = None, **kwargs: Any) -> Call:
    """A good sample. `differs` says why TensorFlow's answer is not to be compared."""
    return Call(args, kwargs, differs)


def bad(
    *args: Any,
    raises: str | Sequence[str] = "InvalidArgumentError",
    differs: str | None = None,
    **kwargs: Any,
) -> Call:
    """A sample that must raise an error which every name in `raises` catches.

    The oracle's class is compared too; `differs` says why it is not to be.
    """
    names = (raises,) if isinstance(raises, str) else tuple(raises)
    return Call(args, kwargs, differs, names)


@dataclass(frozen=True)
class Record:
    """What `record` declared."""

    group: str
    path: str
    calls: tuple[Call, ...]
    dtypes: tuple[str, ...]
    numpy: Callable[..., Any] | None
    bad: tuple[Call, ...]
    gradient: int
    tolerance: Any
    aliases: tuple[str, ...]
    symbolic: bool
    traced: bool


@dataclass(frozen=True)
class LayerRecord:
    """What `layer` declared."""

    group: str
    path: str
    setups: tuple["Setup", ...]
    bad: tuple["Setup", ...]
    tolerance: Any
    config: bool
    aliases: tuple[str, ...]


@dataclass(frozen=True)
class Setup:
    """One way to construct and call a layer."""

    inputs: tuple[Any, ...]
    constructor: Mapping[str, Any]
    call: Mapping[str, Any]
    raises: tuple[str, ...] = ()


@dataclass(frozen=True)
class Case:
    """What `@case` declared."""

    group: str
    name: str
    symbols: tuple[str, ...]
    function: Callable[[Any], Any]
    tolerance: Any


@dataclass
class Registry:
    """Everything declared by the groups that were loaded, in order."""

    records: list[Record] = field(default_factory=list)
    layers: list[LayerRecord] = field(default_factory=list)
    cases: list[Case] = field(default_factory=list)


REGISTRY = Registry()


def record(
    path: str,
    calls: Sequence[Call],
    *,
    dtypes: str | Sequence[str] = "floating",
    numpy: Callable[..., Any] | None = None,
    bad: Sequence[Call] = (),
    gradient: int = 1,
    tolerance: Any = None,
    aliases: Sequence[str] = (),
    symbolic: bool = True,
    traced: bool = True,
) -> None:
    """Declares an op's record.

    Args:
        path: the op's public path, with or without "tf.".
        calls: its samples; cover an empty, a scalar and a broadcast one where they
            make sense. All run under the first dtype, the first also under the others.
        dtypes: dtype names, or a key of `DTYPE_GROUPS`.
        numpy: the reference: the same arguments with NumPy arrays for tensors. None
            leaves the values to the comparison with TensorFlow.
        bad: samples that raise.
        gradient: how many times it can be differentiated in a finite-difference check
            (0, 1 or 2) in float64. The oracle's gradients are compared in any case.
        tolerance: a number used as relative and absolute tolerance, or a mapping from
            dtype names to numbers; None takes the dtype's own (`values.TOLERANCE`).
        aliases: other public paths of the same op; Lamina must have the same object.
        symbolic, traced: whether it can run on symbolic inputs, and in `tf.function`.
    """
    names = DTYPE_GROUPS[dtypes] if isinstance(dtypes, str) else tuple(dtypes)
    REGISTRY.records.append(
        Record(
            group=_group(),
            path=_bare(path),
            calls=tuple(calls),
            dtypes=names,
            numpy=numpy,
            bad=tuple(bad),
            gradient=gradient,
            tolerance=tolerance,
            aliases=tuple(_bare(alias) for alias in aliases),
            symbolic=symbolic,
            traced=traced,
        )
    )


def setup(
    *inputs: Any, call: Mapping[str, Any] | None = None, **constructor: Any
) -> Setup:
    """One sample of a layer: its inputs, `call=` keywords and constructor arguments."""
    return Setup(inputs, constructor, call or {})


def bad_setup(
    *inputs: Any,
    raises: str | Sequence[str] = "ValueError",
    call: Mapping[str, Any] | None = None,
    **constructor: Any,
) -> Setup:
    """A sample of a layer that must raise, in its constructor or in its call."""
    names = (raises,) if isinstance(raises, str) else tuple(raises)
    return Setup(inputs, constructor, call or {}, names)


def layer(
    path: str,
    setups: Sequence[Setup],
    *,
    bad: Sequence[Setup] = (),
    tolerance: Any = None,
    config: bool = True,
    aliases: Sequence[str] = (),
) -> None:
    """Declares a Keras layer's record.

    For every setup the layer is built, its floating-point weights are set to drawn
    values, and its output, the gradients of weights and inputs, the weights' names,
    shapes and dtypes, the state after the call and (with `config`) `get_config()` are
    compared. A layer that draws random numbers must be called so that it does not.
    """
    REGISTRY.layers.append(
        LayerRecord(
            group=_group(),
            path=_bare(path),
            setups=tuple(setups),
            bad=tuple(bad),
            tolerance=tolerance,
            config=config,
            aliases=tuple(_bare(alias) for alias in aliases),
        )
    )


def case(
    *symbols: str, tolerance: Any = None
) -> Callable[[Callable[[Any], Any]], Callable[[Any], Any]]:
    """Declares a free case: a function from the `tf` module to a nest of answers.

    Args:
        *symbols: the public symbols that it compares, such as "tf.GradientTape".
        tolerance: as in `record`.
    """

    def declare(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
        group = function.__module__.rsplit(".", 1)[-1]
        name = f"{group}.{function.__name__}"
        bare = tuple(_bare(symbol) for symbol in symbols)
        REGISTRY.cases.append(Case(group, name, bare, function, tolerance))
        return function

    return declare


def _bare(path: str) -> str:
    return path.removeprefix("tf.")


def _group() -> str:
    return str(sys._getframe(2).f_globals["__name__"]).rsplit(".", 1)[-1]
