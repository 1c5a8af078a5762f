"""What every op record promises, checked without TensorFlow.

Values against the NumPy reference, `tf.function` and symbolic inputs against eager
results, gradients against finite differences along a random direction, bad inputs
against the errors they must raise, and nonsense against crashes.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import lamina as tf
from lamina.engine.graph import KerasTensor
from tests.conformance.execute import (
    collect,
    cotangents,
    drawn_calls,
    load_groups,
    resolve,
    runs,
    tensors,
    walk,
    with_arrays,
)
from tests.conformance.records import Call, Record
from tests.conformance.values import differences, limit_for, normalise

RECORDS = load_groups().records
HALVES = ("bfloat16", "float16")
STEP = 1e-5
EXPECTED = (TypeError, ValueError, LookupError, tf.errors.OpError)


class Sample:
    """A record's call with drawn arrays, ready to be applied to tensors."""

    def __init__(self, record: Record, call: Call, dtype: str, seed: str) -> None:
        self.drawn = drawn_calls(call, dtype, f"{record.path}/{seed}/{dtype}")
        self.leaves = collect(self.drawn)
        self.arrays = [leaf.array for leaf in self.leaves]
        self.path = record.path

    def arguments(self, values: list[Any]) -> Any:
        pairs = zip(self.leaves, values, strict=True)
        return with_arrays(self.drawn, {id(leaf): value for leaf, value in pairs})

    def apply(self, *values: Any) -> Any:
        args, kwargs = self.arguments(list(values))
        return resolve(tf, self.path)(*args, **kwargs)


def _ids(pairs: list[tuple[Record, Any]]) -> list[str]:
    return [f"{record.group}.{record.path}[{rest}]" for record, rest in pairs]


REFERENCED = [(r, run) for r in RECORDS if r.numpy is not None for run in runs(r)]
TRACED = [(r, "traced") for r in RECORDS if r.traced]
SYMBOLIC = [(r, "symbolic") for r in RECORDS if r.symbolic]
DIFFERENTIABLE = [
    (r, index) for r in RECORDS if r.gradient for index in range(len(r.calls))
]
NAMES = [f"{r.group}.{r.path}" for r in RECORDS]
BAD = [(r, index) for r in RECORDS for index in range(len(r.bad))]


@pytest.mark.parametrize(("record", "run"), REFERENCED, ids=_ids(REFERENCED))
def test_value_equals_the_reference(record: Record, run: tuple[int, str]) -> None:
    index, dtype = run
    sample = Sample(record, record.calls[index], dtype, str(index))
    args, kwargs = sample.arguments([_widened(a) for a in sample.arrays])
    assert record.numpy is not None
    expected = record.numpy(*args, **kwargs)
    actual = sample.apply(*tensors(tf, sample.leaves))
    limit = max(limit_for(dtype, record.tolerance), 1e-5 if "64" not in dtype else 0)
    for want, have in zip(_flat(expected), _flat(actual), strict=True):
        have = have.numpy() if hasattr(have, "numpy") else have
        assert np.shape(want) == np.shape(have)
        if np.asarray(want).dtype.kind in "OSU":
            assert np.asarray(have).astype("S").tolist() == _bytes(want)
        else:
            np.testing.assert_allclose(
                _widened(np.asarray(have)), want, rtol=limit, atol=limit
            )


@pytest.mark.parametrize("record", [r for r, _ in TRACED], ids=_ids(TRACED))
def test_traced_equals_eager(record: Record) -> None:
    samples = [
        Sample(record, call, record.dtypes[0], str(index))
        for index, call in enumerate(record.calls)
    ]
    inputs = [tensors(tf, sample.leaves) for sample in samples]

    def everything(values: list[list[Any]]) -> list[Any]:
        pairs = zip(samples, values, strict=True)
        return [sample.apply(*value) for sample, value in pairs]

    traced = tf.function(everything, autograph=False)(inputs)
    limit = max(limit_for(record.dtypes[0], record.tolerance), 1e-6)
    found = differences(normalise(everything(inputs)), normalise(traced), limit)
    assert not found, "\n".join(found)


@pytest.mark.parametrize("record", [r for r, _ in SYMBOLIC], ids=_ids(SYMBOLIC))
def test_symbolic_shape_and_dtype_equal_eager(record: Record) -> None:
    dtype = record.dtypes[0]
    for index, call in enumerate(record.calls):
        sample = Sample(record, call, dtype, str(index))
        if not sample.leaves:
            continue
        values = tensors(tf, sample.leaves)
        symbols = [KerasTensor(v.shape, v.dtype) for v in values]
        eager, symbolic = sample.apply(*values), sample.apply(*symbols)
        for want, have in zip(_flat(eager), _flat(symbolic), strict=True):
            assert tuple(have.shape) == tuple(want.shape), f"call {index}"
            assert have.dtype == want.dtype, f"call {index}"


@pytest.mark.parametrize(("record", "index"), DIFFERENTIABLE, ids=_ids(DIFFERENTIABLE))
def test_gradient_equals_finite_differences(record: Record, index: int) -> None:
    sample = Sample(record, record.calls[index], "float64", str(index))
    inputs = [a for a in sample.arrays if a.dtype == np.float64]
    if not inputs or not any(a.size for a in inputs):
        pytest.skip("this call has no floating-point input")
    tied = _tied(sample)
    if not tied:
        pytest.skip("this call has no floating-point output")
    _check_direction(tied, inputs, order=record.gradient)


def _tied(sample: Sample) -> Callable[..., Any] | None:
    """The scalar function of the call's float64 inputs that is differentiated."""
    free = [a.dtype == np.float64 for a in sample.arrays]

    def outputs(*values: Any) -> list[Any]:
        given = iter(values)
        pairs = zip(free, sample.arrays, strict=True)
        full = [next(given) if is_free else tf.constant(a) for is_free, a in pairs]
        return [o for o in _flat(sample.apply(*full)) if o.dtype == "float64"]

    first = outputs(*[tf.constant(a) for a in sample.arrays if a.dtype == np.float64])
    if not first:
        return None
    weights = cotangents(tf, first)

    def scalar(*values: Any) -> Any:
        pairs = zip(outputs(*values), weights, strict=True)
        return tf.add_n([tf.reduce_sum(o * w) for o, w in pairs])

    return scalar


def _check_direction(fn: Callable[..., Any], inputs: list[Any], order: int) -> None:
    rng = np.random.default_rng(3)
    direction = [np.asarray(rng.uniform(-1.0, 1.0, a.shape)) for a in inputs]

    def slope(*values: Any) -> Any:
        sources = list(values)
        with tf.GradientTape() as tape:
            tape.watch(sources)
            target = fn(*sources)
        found = tape.gradient(target, sources)
        parts = [
            tf.reduce_sum(g * d)
            for g, d in zip(found, direction, strict=True)
            if g is not None
        ]
        return tf.add_n(parts) if parts else tf.constant(0.0, "float64")

    def at(step: float) -> float:
        moved = zip(inputs, direction, strict=True)
        return float(fn(*[tf.constant(a + step * d) for a, d in moved]).numpy())

    measured = (at(STEP) - at(-STEP)) / (2 * STEP)
    given = float(slope(*[tf.constant(a) for a in inputs]).numpy())
    np.testing.assert_allclose(given, measured, rtol=1e-5, atol=1e-6)
    if order > 1:
        _check_direction(slope, inputs, order - 1)


@pytest.mark.parametrize(("record", "index"), BAD, ids=_ids(BAD))
def test_bad_input_raises(record: Record, index: int) -> None:
    call = record.bad[index]
    sample = Sample(record, call, record.dtypes[0], f"bad{index}")
    with pytest.raises(Exception) as caught:
        sample.apply(*tensors(tf, sample.leaves))
    names = {cls.__name__ for cls in type(caught.value).__mro__}
    assert set(call.raises) <= names, f"{type(caught.value)}: {caught.value}"
    assert len(str(caught.value)) > 20


@pytest.mark.parametrize(
    "record", RECORDS, ids=[f"{r.group}.{r.path}" for r in RECORDS]
)
def test_nonsense_raises_python_exceptions(record: Record) -> None:
    args, kwargs = drawn_calls(record.calls[0], record.dtypes[0], "nonsense")
    fn = resolve(tf, record.path)
    for nonsense in (object(), {"a": 1}, [[1, 2], [3]], "text"):
        swap = walk(args, lambda leaf, n=nonsense: _swapped(leaf, n))
        options = walk(kwargs, lambda leaf, n=nonsense: _swapped(leaf, n))
        try:
            fn(*swap, **options)
        except Exception as error:
            assert isinstance(error, EXPECTED), repr(error)


@pytest.mark.parametrize(
    "record", RECORDS, ids=[f"{r.group}.{r.path}" for r in RECORDS]
)
def test_aliases_are_the_same_object(record: Record) -> None:
    for alias in record.aliases:
        assert resolve(tf, alias) is resolve(tf, record.path), alias


def _swapped(leaf: Any, nonsense: Any) -> Any:
    return nonsense if hasattr(leaf, "array") else leaf


def _widened(array: Any) -> Any:
    return array.astype("float32") if array.dtype.name in HALVES else array


def _flat(value: Any) -> list[Any]:
    if isinstance(value, list | tuple):
        return [leaf for item in value for leaf in _flat(item)]
    return [value]


def _bytes(value: Any) -> list[Any]:
    return np.asarray(value).astype("S").tolist()
