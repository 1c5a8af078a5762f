"""Runs what the case files declare, under a given `tf`, and gives their answers.

Every declared record, layer and case becomes `Question`s: an id, the public symbols it
compares, a digest of its inputs, and `ask(tf)`, which returns the answer's node.
"""

import hashlib
import importlib
import inspect
import json
import re
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tests.conformance import records
from tests.conformance.helpers import Raised, caught, grads
from tests.conformance.records import Call, LayerRecord, Record, Setup, T, V
from tests.conformance.values import Node, normalise, numpy_dtype

CASES = Path(__file__).parent / "cases"
HALF_OR_WIDER = ("float32", "float64", "float16", "bfloat16", "complex64", "complex128")


@dataclass(frozen=True)
class Question:
    """One comparison."""

    group: str
    id: str
    symbols: tuple[str, ...]
    digest: str
    ask: Callable[[Any], Node]
    tolerance: Any


def groups() -> list[str]:
    """The names of the files in `cases/`."""
    return sorted(p.stem for p in CASES.glob("*.py") if p.stem != "__init__")


def load_groups(names: list[str] | None = None) -> records.Registry:
    """Imports the case files and returns everything declared so far."""
    for name in groups() if names is None else names:
        importlib.import_module(f"tests.conformance.cases.{name}")
    return records.REGISTRY


def questions(names: list[str] | None = None) -> list[Question]:
    """All comparisons of these groups (of all groups when None)."""
    registry = load_groups(names)
    wanted = set(groups() if names is None else names)
    found = [q for r in registry.records for q in _record_questions(r)]
    found += [q for r in registry.layers for q in _layer_questions(r)]
    found += [
        Question(
            c.group,
            c.name,
            c.symbols,
            _digest(inspect.getsource(c.function)),
            lambda tf, c=c: normalise(c.function(tf)),
            c.tolerance,
        )
        for c in registry.cases
    ]
    found = [question for question in found if question.group in wanted]
    seen: set[str] = set()
    for question in found:
        if question.id in seen:
            raise ValueError(f"two records or cases are called {question.id}")
        seen.add(question.id)
    return found


def resolve(tf: Any, path: str) -> Any:
    """The object at a public path."""
    for name in path.split("."):
        tf = getattr(tf, name)
    return tf


# Samples of tensors


def draw(value: Any, dtype: str, rng: np.random.Generator) -> Any:
    """The array of a `T` or a `V`."""
    name = value.dtype or dtype
    if isinstance(value, V):
        kind = None if name == "string" else numpy_dtype(name)
        return np.array(value.values, kind)
    if name == "string":
        return rng.integers(0, 100, value.shape).astype("S")
    target = numpy_dtype(name)
    if name == "bool":
        return rng.integers(0, 2, value.shape).astype(target)
    if target.kind in "iu":
        low = value.low if value.low is not None else (0 if target.kind == "u" else -8)
        high = value.high if value.high is not None else 8
        return rng.integers(int(low), int(high), value.shape).astype(target)
    low = -2.0 if value.low is None else value.low
    high = 2.0 if value.high is None else value.high
    real = np.asarray(rng.uniform(low, high, value.shape))
    if target.kind == "c":
        return (real + 1j * rng.uniform(low, high, value.shape)).astype(target)
    return real.astype(target)


def drawn_calls(sample: Call, dtype: str, seed: str) -> tuple[Any, Any]:
    """`(args, kwargs)` in which each `T` and `V` has become a `Drawn` array."""
    rng = np.random.default_rng(zlib.crc32(seed.encode()))
    args = walk(sample.args, lambda leaf: _drawn(leaf, dtype, rng))
    kwargs = walk(dict(sample.kwargs), lambda leaf: _drawn(leaf, dtype, rng))
    return args, kwargs


class Drawn:
    """A drawn array, told apart from arrays that the author passes as they are."""

    def __init__(self, array: Any) -> None:
        self.array = array

    def __repr__(self) -> str:
        array = self.array
        return f"{array.dtype}{array.shape}{zlib.crc32(array.tobytes())}"


def _drawn(leaf: Any, dtype: str, rng: np.random.Generator) -> Any:
    return Drawn(draw(leaf, dtype, rng)) if isinstance(leaf, T | V) else leaf


def walk(value: Any, fn: Callable[[Any], Any]) -> Any:
    """Applies `fn` to the leaves of plain lists, tuples and dictionaries."""
    if type(value) in (list, tuple):
        return type(value)(walk(item, fn) for item in value)
    if type(value) is dict:
        return {key: walk(item, fn) for key, item in value.items()}
    return fn(value)


def collect(value: Any) -> list[Drawn]:
    """All drawn leaves, in order."""
    found: list[Drawn] = []
    walk(value, lambda leaf: found.append(leaf) if isinstance(leaf, Drawn) else None)
    return found


def with_arrays(value: Any, arrays: Mapping[int, Any]) -> Any:
    """The nest with each drawn leaf replaced by its entry, by identity."""
    return walk(value, lambda x: arrays[id(x)] if isinstance(x, Drawn) else x)


def tensors(tf: Any, drawn: list[Drawn]) -> list[Any]:
    """Tensors of the drawn arrays."""
    return [tf.constant(leaf.array) for leaf in drawn]


# Op records


def gradient_dtype(record: Record) -> str | None:
    """The dtype under which the oracle's gradients are compared."""
    found = [name for name in record.dtypes if name in HALF_OR_WIDER]
    return found[0] if found else None


def runs(record: Record) -> list[tuple[int, str]]:
    """Which calls run under which dtypes."""
    first, *others = record.dtypes
    return [(i, first) for i in range(len(record.calls))] + [(0, d) for d in others]


def _record_questions(record: Record) -> list[Question]:
    found = []
    for index, dtype in runs(record):
        sample = record.calls[index]
        if sample.differs is None:
            seed = f"{record.path}/{index}/{dtype}"
            label = f"{record.group}.{record.path}[{index}-{dtype}]"
            found.append(_record_question(record, sample, dtype, seed, label))
    for index, sample in enumerate(record.bad):
        if sample.differs is None:
            seed = f"{record.path}/bad{index}"
            label = f"{record.group}.{record.path}[bad{index}]"
            dtype = record.dtypes[0]
            found.append(_record_question(record, sample, dtype, seed, label))
    return found


def _record_question(
    record: Record, sample: Call, dtype: str, seed: str, label: str
) -> Question:
    drawn = drawn_calls(sample, dtype, seed)
    with_gradient = dtype == gradient_dtype(record) and not sample.raises

    def ask(tf: Any) -> Node:
        return _answer(tf, record, drawn, with_gradient, bool(sample.raises))

    return Question(
        record.group,
        label,
        (record.path, *record.aliases),
        _digest(repr(drawn)),
        ask,
        record.tolerance,
    )


def _answer(
    tf: Any, record: Record, drawn: Any, with_gradient: bool, may_raise: bool
) -> Node:
    leaves = collect(drawn)
    fn = resolve(tf, record.path)

    def apply(*values: Any) -> Any:
        arrays = {id(leaf): value for leaf, value in zip(leaves, values, strict=True)}
        args, kwargs = with_arrays(drawn, arrays)
        return fn(*args, **kwargs)

    try:
        output = apply(*tensors(tf, leaves))
    except Exception as error:
        if not may_raise:
            raise
        return normalise(caught(error))
    if may_raise:
        return normalise(Raised(()))
    answer = {"value": output}
    outputs = [o for o in _flat(output) if _is_differentiable(o)]
    chosen = [i for i, leaf in enumerate(leaves) if _is_differentiable(leaf.array)]
    if with_gradient and outputs and chosen:
        answer["gradients"] = _record_gradients(tf, apply, leaves, chosen)
    return normalise(answer)


def _record_gradients(
    tf: Any, apply: Callable[..., Any], leaves: list[Drawn], chosen: list[int]
) -> list[Any]:
    values = tensors(tf, leaves)

    def target(*inputs: Any) -> list[Any]:
        full = list(values)
        for index, value in zip(chosen, inputs, strict=True):
            full[index] = value
        return [o for o in _flat(apply(*full)) if _is_differentiable(o)]

    shaped = target(*[values[i] for i in chosen])
    return grads(tf, target, [values[i] for i in chosen], cotangents(tf, shaped))


def cotangents(tf: Any, outputs: list[Any]) -> list[Any]:
    """Drawn output gradients, so that a wrong transposition cannot hide in ones."""
    rng = np.random.default_rng(7)
    drawn = []
    for output in outputs:
        shape = tuple(int(size) for size in output.shape)
        real = np.asarray(rng.uniform(0.5, 1.5, shape))
        drawn.append(tf.constant(real.astype(numpy_dtype(_dtype_name(output)))))
    return drawn


def _flat(value: Any) -> list[Any]:
    if isinstance(value, list | tuple):
        return [leaf for item in value for leaf in _flat(item)]
    return [value]


def _is_differentiable(value: Any) -> bool:
    return _dtype_name(value) in HALF_OR_WIDER


def _dtype_name(value: Any) -> str:
    dtype = getattr(value, "dtype", "")
    return str(getattr(dtype, "name", dtype))


# Layer records


def _layer_questions(record: LayerRecord) -> list[Question]:
    found = []
    named = [(str(i), s) for i, s in enumerate(record.setups)]
    named += [(f"bad{i}", s) for i, s in enumerate(record.bad)]
    for name, sample in named:
        label = f"{record.group}.{record.path}[{name}]"
        sampled = Call((list(sample.inputs), dict(sample.call)), sample.constructor)
        drawn = drawn_calls(sampled, "float32", f"{record.path}/{name}")
        found.append(
            Question(
                record.group,
                label,
                (record.path, *record.aliases),
                _digest(repr(drawn)),
                lambda tf, s=sample, d=drawn: _layer_answer(tf, record, s, d),
                record.tolerance,
            )
        )
    return found


def _layer_answer(tf: Any, record: LayerRecord, sample: Setup, drawn: Any) -> Node:
    if not sample.raises:
        return normalise(_layer_results(tf, record, drawn))
    try:
        _layer_results(tf, record, drawn)
    except Exception as error:
        return normalise(caught(error))
    return normalise(Raised(()))


def _layer_results(tf: Any, record: LayerRecord, drawn: Any) -> dict[str, Any]:
    (inputs, call), constructor = drawn
    leaves = collect([inputs, call])
    values = tensors(tf, leaves)
    layer = resolve(tf, record.path)(**constructor)

    def apply(*given: Any) -> Any:
        arrays = {id(leaf): value for leaf, value in zip(leaves, given, strict=True)}
        positional, named = with_arrays([inputs, call], arrays)
        return layer(*positional, **named)

    apply(*values)
    set_weights(layer)
    results = {
        "weights": [[w.name, list(w.shape), _dtype_name(w)] for w in layer.weights],
        "trainable": len(layer.trainable_weights),
    }
    chosen = [value for value in values if _is_differentiable(value)]
    with tf.GradientTape() as tape:
        tape.watch(chosen)
        output = apply(*values)
        targets = [o for o in _flat(output) if _is_differentiable(o)]
    sources = [*chosen, *(_raw(w) for w in layer.trainable_weights)]
    found = tape.gradient(targets, sources, output_gradients=cotangents(tf, targets))
    results["output"] = output
    results["gradients"] = [g if g is None else tf.convert_to_tensor(g) for g in found]
    results["state"] = [
        tf.convert_to_tensor(_raw(w))
        for w in layer.non_trainable_weights
        if _is_differentiable(w)
    ]
    if layer.losses:
        results["losses"] = [tf.convert_to_tensor(loss) for loss in layer.losses]
    if record.config:
        config = {k: v for k, v in layer.get_config().items() if k != "name"}
        results["config"] = json.loads(json.dumps(config, default=str))
    return results


def set_weights(layer: Any) -> None:
    """Gives every floating-point weight drawn values; state stays positive."""
    rng = np.random.default_rng(11)
    for weight in layer.weights:
        if _is_differentiable(weight):
            low = -0.5 if weight.trainable else 0.1
            value = np.asarray(rng.uniform(low, low + 1.0, tuple(weight.shape)))
            weight.assign(value.astype(numpy_dtype(_dtype_name(weight))))


def _raw(weight: Any) -> Any:
    """The variable that a tape can differentiate: Keras 3 wraps it in `.value`."""
    value = getattr(weight, "value", weight)
    return weight if callable(value) else value


def _digest(text: str) -> str:
    scrubbed = re.sub(r" at 0x[0-9a-f]+", "", text)
    return hashlib.sha256(scrubbed.encode()).hexdigest()[:12]
