"""tf.nest: what counts as nested, orders, errors."""

import collections
import types
from dataclasses import dataclass

import numpy as np
import pytest

from lamina.engine import nest
from lamina.engine.shapes import TensorShape

Point = collections.namedtuple("Point", "x y")


@dataclass
class Masked:
    value: object
    mask: bool

    def __tf_flatten__(self):
        return (self.mask,), (self.value,)

    @classmethod
    def __tf_unflatten__(cls, metadata, components):
        return cls(components[0], metadata[0])


class Attrs:
    """Stands for a class made with attrs."""

    __attrs_attrs__ = (
        types.SimpleNamespace(name="y"),
        types.SimpleNamespace(name="x"),
    )

    def __init__(self, y, x):
        self.y, self.x = y, x


class FrozenMapping(collections.abc.Mapping):
    def __init__(self, items):
        self._items = dict(items)

    def __getitem__(self, key):
        return self._items[key]

    def __iter__(self):
        return iter(self._items)

    def __len__(self):
        return len(self._items)


@pytest.mark.parametrize(
    ("structure", "leaves"),
    [
        (1, [1]),
        (None, [None]),
        ("text", ["text"]),
        (b"bytes", [b"bytes"]),
        ([], []),
        ([1, [], (), {}], [1]),
        ([1, (2, {"b": 3, "a": 4})], [1, 2, 4, 3]),
        (collections.OrderedDict([("b", 1), ("a", 2)]), [2, 1]),
        (collections.UserDict(b=1, a=2), [2, 1]),
        (types.MappingProxyType({"b": 1, "a": 2}), [2, 1]),
        (Point(1, [2]), [1, 2]),
        (range(3), [0, 1, 2]),
        (collections.deque([1, 2]), [1, 2]),
        ({"b": 1, "a": 2}.values(), [1, 2]),
        (TensorShape([1, 2]), [TensorShape([1, 2])]),
        ([TensorShape([1, 2])], [TensorShape([1, 2])]),
        (Masked([1, 2], True), [1, 2]),
        (Attrs(1, [2]), [1, 2]),
        ({1, 2}, [{1, 2}]),
    ],
)
def test_flatten(structure, leaves):
    assert nest.flatten(structure) == leaves


def test_is_nested():
    nested = [[], (), {}, [1], Point(1, 2), range(3), {}.keys()]
    leaves = [1, None, "a", b"a", {1}, np.zeros(3), TensorShape([1]), iter([])]
    assert all(nest.is_nested(each) for each in nested)
    assert not any(nest.is_nested(each) for each in leaves)


def test_keys_that_cannot_be_sorted():
    with pytest.raises(TypeError, match="not supported between"):
        nest.flatten({1: 2, "a": 3})


@pytest.mark.parametrize(
    ("structure", "flat", "packed"),
    [
        ([1, 2], (3, 4), [3, 4]),
        ((1, 2), [3, 4], (3, 4)),
        (Point(1, {"b": 1, "a": 2}), [3, 4, 5], Point(3, {"b": 5, "a": 4})),
        (range(2), [3, 4], [3, 4]),
        (0, ["leaf"], "leaf"),
        ([[], 1], ["leaf"], [[], "leaf"]),
        ({"b": 1, "a": [2]}, [3, 4], {"b": 4, "a": [3]}),
    ],
)
def test_pack_sequence_as(structure, flat, packed):
    result = nest.pack_sequence_as(structure, flat)
    assert result == packed
    assert type(result) is type(packed)


def test_pack_keeps_mapping_types_and_orders():
    ordered = collections.OrderedDict([("b", 1), ("a", 2)])
    default = collections.defaultdict(list, b=1, a=2)
    assert list(nest.pack_sequence_as({"b": 1, "a": 2}, [3, 4])) == ["b", "a"]
    assert nest.pack_sequence_as(ordered, [3, 4]) == collections.OrderedDict(
        [("b", 4), ("a", 3)]
    )
    packed = nest.pack_sequence_as(default, [3, 4])
    assert packed == {"b": 4, "a": 3}
    assert packed.default_factory is list
    frozen = nest.pack_sequence_as(FrozenMapping({"b": 1, "a": 2}), [3, 4])
    assert type(frozen) is FrozenMapping
    assert dict(frozen) == {"b": 4, "a": 3}


@pytest.mark.parametrize(
    ("structure", "flat", "error", "text"),
    [
        ([1, 2], [3], ValueError, "Structure had 2 atoms, but flat_sequence had 1"),
        ([], [3], ValueError, "Structure had 0 atoms, but flat_sequence had 1"),
        (1, [3, 4], ValueError, "The target structure is of type"),
        ([1], 3, TypeError, "Attempted to pack value"),
    ],
)
def test_pack_errors(structure, flat, error, text):
    with pytest.raises(error, match=text):
        nest.pack_sequence_as(structure, flat)


def test_map_structure():
    assert nest.map_structure(lambda x: x + 1, {"b": 1, "a": [2, (3,)]}) == {
        "b": 2,
        "a": [3, (4,)],
    }
    assert nest.map_structure(lambda x, y: (x, y), [1], [2]) == [(1, 2)]
    assert nest.map_structure(lambda x: x, None) is None
    assert nest.map_structure(lambda x, y: x + y, [1], (2,), check_types=False) == [3]
    assert nest.map_structure(lambda x: x * 2, Masked(3, True)) == Masked(6, True)
    mapped = nest.map_structure(lambda x: x * 2, Attrs(1, 2))
    assert (mapped.y, mapped.x) == (2, 4)


def test_map_structure_visits_in_sorted_order():
    seen = []
    nest.map_structure(seen.append, {"b": 1, "a": [2, 3]})
    assert seen == [2, 3, 1]


@pytest.mark.parametrize(
    ("arguments", "keywords", "error", "text"),
    [
        ((1, [1]), {}, TypeError, "func must be callable, got: 1"),
        ((len,), {}, ValueError, "Must provide at least one structure"),
        ((len, [1]), {"foo": 1}, ValueError, "Only valid keyword arguments"),
        ((max, [1], [1, 2]), {}, ValueError, "same nested structure"),
        ((max, [1], (1,)), {}, TypeError, "same nested structure"),
    ],
)
def test_map_structure_errors(arguments, keywords, error, text):
    with pytest.raises(error, match=text):
        nest.map_structure(*arguments, **keywords)


OtherPoint = collections.namedtuple("Point", "x y")
Renamed = collections.namedtuple("Point", "x z")


class MyList(list):
    pass


@pytest.mark.parametrize(
    ("one", "two"),
    [
        (1, "leaf"),
        ({"a": 1}, collections.OrderedDict(a=1)),
        (Point(1, 2), OtherPoint(3, 4)),
        (MyList([1]), [1]),
    ],
)
def test_same_structure(one, two):
    nest.assert_same_structure(one, two)


@pytest.mark.parametrize(
    ("one", "two", "error", "text"),
    [
        ([1], (1,), TypeError, "has type list, while second structure"),
        ([1], [1, 2], ValueError, "same number of elements"),
        ([[1]], [1, 2], ValueError, "is a sequence, while substructure"),
        ({"a": 1}, {"b": 1}, ValueError, "same set of keys"),
        (1, [1], ValueError, "is a sequence, while substructure"),
        ([1, [2]], [[1], 2], ValueError, r"\[., \[.\]\]"),
        (Point(1, 2), (1, 2), TypeError, "has type Point"),
        (Point(1, 2), Renamed(1, 2), TypeError, "has type Point"),
        ({"a": [1]}, {"a": (1,)}, TypeError, "has type tuple"),
    ],
)
def test_different_structures(one, two, error, text):
    with pytest.raises(error, match=text):
        nest.assert_same_structure(one, two)
    if error is TypeError:
        nest.assert_same_structure(one, two, check_types=False)


def test_paths():
    found = nest.flatten_with_paths({"b": [1, 2], "a": Point(3, 4)})
    assert found == [(("a", "x"), 3), (("a", "y"), 4), (("b", 0), 1), (("b", 1), 2)]


def test_up_to():
    assert nest.flatten_up_to([0, 0], [[1, 2], {"a": 3}]) == [[1, 2], {"a": 3}]
    assert nest.map_structure_up_to({"a": 0}, len, {"a": [1, 2]}) == {"a": 2}
    with pytest.raises(TypeError, match="input must also be a sequence"):
        nest.flatten_up_to([0], 1)
    with pytest.raises(ValueError, match="same sequence length"):
        nest.flatten_up_to([0], [1, 2])
    with pytest.raises(ValueError, match="same keys"):
        nest.flatten_up_to({"a": 0}, {"b": 1})
    with pytest.raises(TypeError, match="same sequence type"):
        nest.flatten_up_to([0], (1,))


def test_composites_expand_only_when_asked():
    class Spec:
        def _to_components(self, value):
            return [value.values, value.rows]

        def _from_components(self, components):
            return Ragged(*components)

    class Ragged:
        _type_spec = Spec()

        def __init__(self, values, rows):
            self.values, self.rows = values, rows

    ragged = Ragged(1, 2)
    assert nest.flatten([ragged]) == [ragged]
    assert nest.flatten([ragged], expand_composites=True) == [1, 2]
    packed = nest.pack_sequence_as([ragged], [3, 4], expand_composites=True)
    assert (packed[0].values, packed[0].rows) == (3, 4)
    assert not nest.is_nested(ragged)
