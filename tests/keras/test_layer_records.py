"""The contract that every layer keeps, driven by the layers' records.

Shapes and dtypes symbolic and computed, mixed precision, configuration and file round
trips, one training step, and the same weights from the same seed.
"""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lamina as tf
from tests.conformance.execute import (
    collect,
    drawn_calls,
    load_groups,
    resolve,
    set_weights,
    tensors,
    with_arrays,
)
from tests.conformance.records import Call, LayerRecord, Setup

RECORDS = load_groups().layers
SETUPS = [(r, s) for r in RECORDS for s in r.setups]
FIRST = [(r, r.setups[0]) for r in RECORDS]


class Sample:
    """A setup with drawn inputs."""

    def __init__(self, record: LayerRecord, setup: Setup) -> None:
        sampled = Call((list(setup.inputs), dict(setup.call)), setup.constructor)
        (self.inputs, self.call), self.constructor = drawn_calls(
            sampled, "float32", record.path
        )
        self.leaves = collect([self.inputs, self.call])
        self.type = resolve(tf, record.path)

    def layer(self, **more: Any) -> Any:
        return self.type(**{**self.constructor, **more})

    def apply_to(self, layer: Any, values: list[Any]) -> Any:
        pairs = zip(self.leaves, values, strict=True)
        arrays = {id(leaf): value for leaf, value in pairs}
        inputs, call = with_arrays([self.inputs, self.call], arrays)
        return layer(*inputs, **call)

    def apply(self, layer: Any) -> Any:
        return self.apply_to(layer, tensors(tf, self.leaves))

    def arrays(self) -> list[Any]:
        return [leaf.array for leaf in self.leaves]

    def is_floating(self) -> bool:
        return all(a.dtype == np.float32 for a in self.arrays())


def _ids(pairs: list[tuple[LayerRecord, Setup]]) -> list[str]:
    return [f"{r.group}.{r.path}[{r.setups.index(s)}]" for r, s in pairs]


every_setup = pytest.mark.parametrize(("record", "setup"), SETUPS, ids=_ids(SETUPS))
first_setup = pytest.mark.parametrize(("record", "setup"), FIRST, ids=_ids(FIRST))


@every_setup
def test_symbolic_output_agrees(record: LayerRecord, setup: Setup) -> None:
    sample = Sample(record, setup)
    eager = _flat(sample.apply(sample.layer()))
    symbols = _symbols(sample)
    symbolic = _flat(sample.apply_to(sample.layer(), symbols))
    for want, have in zip(eager, symbolic, strict=True):
        assert have.dtype == want.dtype
        assert len(have.shape) == len(want.shape)
        for size, found in zip(have.shape, want.shape, strict=True):
            assert size in (None, found)


@every_setup
def test_config_round_trip(record: LayerRecord, setup: Setup) -> None:
    sample = Sample(record, setup)
    layer = sample.layer()
    expected = sample.apply(layer)
    config = layer.get_config()
    copy = sample.type.from_config(config)
    assert copy.get_config() == config
    sample.apply(copy)
    copy.set_weights(layer.get_weights())
    layer.set_weights(copy.get_weights())
    assert copy.name == layer.name
    for want, have in zip(_flat(expected), _flat(sample.apply(copy)), strict=True):
        assert want.dtype == have.dtype and want.shape == have.shape


@first_setup
def test_mixed_precision(record: LayerRecord, setup: Setup) -> None:
    sample = Sample(record, setup)
    if "dtype" in sample.constructor or not sample.is_floating():
        pytest.skip("the setup decides its dtype")
    layer = sample.layer(dtype="mixed_bfloat16")
    outputs = _flat(sample.apply(layer))
    assert all(o.dtype != "float32" for o in outputs if "float" in _name(o.dtype))
    floating = [w for w in layer.weights if "float" in _name(w.dtype)]
    assert {_name(w.dtype) for w in floating} <= {"float32"}


@first_setup
def test_same_seed_gives_same_weights(record: LayerRecord, setup: Setup) -> None:
    sample = Sample(record, setup)
    found = []
    for _ in range(2):
        tf.keras.utils.set_random_seed(5)
        layer = sample.layer()
        sample.apply(layer)
        found.append(layer.get_weights())
    for one, other in zip(*found, strict=True):
        np.testing.assert_array_equal(one, other)


@first_setup
def test_trains_and_survives_a_file(
    record: LayerRecord, setup: Setup, tmp_path: Path
) -> None:
    sample = Sample(record, setup)
    if sample.call or len(sample.inputs) != 1 or _has_odd_batch(sample):
        pytest.skip("the setup is not a layer of one argument on a batch")
    symbols = _symbols(sample)
    layer = sample.layer()
    outputs = _flat(sample.apply_to(layer, symbols))
    outputs = [o for o in outputs if "float" in _name(o.dtype)]
    if not outputs:
        pytest.skip("nothing to train towards")
    model = tf.keras.Model(symbols, outputs)
    set_weights(layer)
    inputs = tensors(tf, sample.leaves)
    targets = [tf.zeros_like(y) for y in _flat(model(inputs))]
    if model.trainable_weights:
        model.compile("sgd", ["mse"] * len(targets))
        model.train_on_batch(inputs, targets)
    path = tmp_path / "model.keras"
    model.save(path)
    loaded = tf.keras.models.load_model(path)
    pairs = zip(_flat(model(inputs)), _flat(loaded(inputs)), strict=True)
    for want, have in pairs:
        np.testing.assert_array_equal(want.numpy(), have.numpy())


def _symbols(sample: Sample) -> list[Any]:
    fixed = sample.constructor.get("stateful", False)
    return [
        tf.keras.Input(
            batch_shape=(a.shape[0] if fixed else None, *a.shape[1:]),
            dtype=a.dtype.name,
        )
        for a in sample.arrays()
    ]


def _has_odd_batch(sample: Sample) -> bool:
    return len({a.shape[:1] for a in sample.arrays()}) != 1 or not all(
        a.ndim > 1 or a.dtype.kind in "iu" for a in sample.arrays()
    )


def _flat(value: Any) -> list[Any]:
    if isinstance(value, list | tuple):
        return [leaf for item in value for leaf in _flat(item)]
    if isinstance(value, dict):
        return [leaf for _, item in sorted(value.items()) for leaf in _flat(item)]
    return [value]


def _name(dtype: Any) -> str:
    return str(getattr(dtype, "name", dtype))
