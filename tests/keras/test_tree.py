"""`keras.tree`."""

import pytest

from lamina.keras.tree import structures as tree


def test_leaves_and_paths():
    value = {"b": [1, (2,)], "a": None}
    assert tree.flatten(value) == [None, 1, 2]
    paths = [path for path, _ in tree.flatten_with_path(value)]
    assert paths == [("a",), ("b", 0), ("b", 1, 0)]
    assert tree.pack_sequence_as(value, [3, 4, 5]) == {"b": [4, (5,)], "a": 3}
    assert tree.is_nested(value) and not tree.is_nested("text")


def test_maps():
    assert tree.map_structure(lambda x, y: x + y, [1, (2,)], [3, (4,)]) == [4, (6,)]
    assert tree.map_structure(lambda x: 1, [None], none_is_leaf=False) == [None]
    assert tree.lists_to_tuples([1, [2, {"a": [3]}]]) == (1, (2, {"a": (3,)}))
    shapes = {"a": (None, 3), "b": [(1, 2), ()]}
    assert tree.map_shape_structure(len, shapes) == {"a": 2, "b": [2, 0]}
    with pytest.raises(ValueError, match="at least one structure"):
        tree.map_structure(len)
    with pytest.raises(TypeError, match="must be callable"):
        tree.map_structure(3, [1])


def test_comparison():
    tree.assert_same_structure([1, {"a": 2}], [3, {"a": 4}])
    for other in ([1], (1, {"a": 2}), [1, {"b": 2}], 3):
        with pytest.raises(ValueError, match="same nested structure"):
            tree.assert_same_structure([1, {"a": 2}], other)
    with pytest.raises(ValueError, match="same paths"):
        tree.assert_same_paths({"a": 1}, {"b": 1})


def test_traverse():
    seen = []
    tree.traverse(lambda x: seen.append(x), [1, [2]])
    assert seen == [[1, [2]], 1, [2], 2]
    swap = tree.traverse(
        lambda x: tree.MAP_TO_NONE if x == 1 else None, {"a": 1, "b": 2}
    )
    assert swap == {"a": None, "b": 2}
