"""The functions of `keras.tree`, on the engine's nested structures."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lamina.engine import nest
from lamina.keras.common.standardize import is_shape

_DIFFERENT = "Structures don't have the same nested structure."


class MAP_TO_NONE:
    """Returned by the function of `traverse` where the result shall be `None`.

    Reference: `keras.tree.MAP_TO_NONE`.
    """


def is_nested(structure: Any) -> bool:
    """Whether a value is a list, tuple, dict or another container.

    Reference: `keras.tree.is_nested`.
    """
    return nest.is_nested(structure)


def flatten(structure: Any) -> list[Any]:
    """The leaves, in order; dicts are visited by sorted keys.

    Reference: `keras.tree.flatten`.
    """
    return nest.flatten(structure)


def flatten_with_path(structure: Any) -> list[tuple[tuple[Any, ...], Any]]:
    """Pairs of the keys and indices that lead to a leaf, and the leaf.

    Reference: `keras.tree.flatten_with_path`.
    """
    return nest.flatten_with_paths(structure)


def map_structure(
    func: Callable[..., Any], *structures: Any, none_is_leaf: bool = True
) -> Any:
    """Apply a function to the leaves of structures of one nesting.

    Args:
        func: called with one leaf of each structure.
        *structures: one or more structures.
        none_is_leaf: whether `func` is called for `None`; otherwise it stays.

    Raises:
        TypeError: `func` is not callable.
        ValueError: no structure was given, or they are nested differently.

    Reference: `keras.tree.map_structure`.
    """
    if not callable(func):
        raise TypeError(
            f"`func` must be callable. Received: func={func} (of type {type(func)})"
        )
    if not structures:
        raise ValueError("Must provide at least one structure")
    for other in structures[1:]:
        assert_same_structure(structures[0], other)

    def apply(*leaves: Any) -> Any:
        if not none_is_leaf and all(leaf is None for leaf in leaves):
            return None
        return func(*leaves)

    return nest.map_structure(apply, *structures, check_types=False)


def map_structure_up_to(
    shallow_structure: Any, func: Callable[..., Any], *structures: Any
) -> Any:
    """Apply a function at the leaves of a shallower structure.

    Raises:
        TypeError: `func` is not callable.
        ValueError: no structure was given, or one is nested less deeply.

    Reference: `keras.tree.map_structure_up_to`.
    """
    if not callable(func):
        raise TypeError(
            f"`func` must be callable. Received: func={func} (of type {type(func)})"
        )
    if not structures:
        raise ValueError("Must provide at least one structure")
    try:
        return nest.map_structure_up_to(
            shallow_structure, func, *structures, check_types=False
        )
    except TypeError as error:
        raise ValueError(str(error)) from None


def assert_same_structure(a: Any, b: Any, check_types: Any = None) -> None:
    """Check that two structures are nested alike.

    Args:
        a: a structure.
        b: a structure.
        check_types: deprecated in Keras; types of containers are always compared.

    Raises:
        ValueError: they are not.

    Reference: `keras.tree.assert_same_structure`.
    """
    nested = nest.is_nested(a), nest.is_nested(b)
    if not any(nested):
        return
    if not all(nested) or not _same_container(a, b) or len(a) != len(b):
        raise _different(a, b)
    if isinstance(a, dict):
        if set(a) != set(b):
            raise _different(a, b)
        for key in a:
            assert_same_structure(a[key], b[key])
        return
    for one, two in zip(a, b):
        assert_same_structure(one, two)


def _different(a: Any, b: Any) -> ValueError:
    """The error that names both containers, with their keys or lengths."""

    def describe(x: Any) -> str:
        kind = type(x).__name__
        if isinstance(x, dict):
            return f"{kind} with the keys {list(x)}"
        return f"{kind} of length {len(x)}" if nest.is_nested(x) else kind

    return ValueError(
        f"{_DIFFERENT} Expected an instance of {describe(a)}. Received: {describe(b)}."
    )


def _same_container(a: Any, b: Any) -> bool:
    if isinstance(a, dict):
        return isinstance(b, dict)
    named = hasattr(a, "_fields"), hasattr(b, "_fields")
    if any(named):
        return type(a) is type(b)
    for kind in (list, tuple):
        if isinstance(a, kind):
            return isinstance(b, kind)
    return type(a) is type(b)


def assert_same_paths(a: Any, b: Any) -> None:
    """Check that two structures have the same paths to their leaves.

    Raises:
        ValueError: they have not.

    Reference: `keras.tree.assert_same_paths`.
    """
    own = {path for path, _ in flatten_with_path(a)}
    other = {path for path, _ in flatten_with_path(b)}
    if own != other:
        raise ValueError(
            f"`a` and `b` don't have the same paths. Missing in `b`: {own - other}. "
            f"Missing in `a`: {other - own}."
        )


def pack_sequence_as(structure: Any, flat_sequence: Any) -> Any:
    """A structure like the given one, with new leaves.

    Raises:
        TypeError: `flat_sequence` is no sequence.
        ValueError: it has another length than there are leaves.

    Reference: `keras.tree.pack_sequence_as`.
    """
    return nest.pack_sequence_as(structure, flat_sequence)


def lists_to_tuples(structure: Any) -> Any:
    """The same structure with tuples in the place of lists.

    Reference: `keras.tree.lists_to_tuples`.
    """

    def convert(value: Any) -> Any:
        return tuple(value) if isinstance(value, list) else None

    return traverse(convert, structure, top_down=False)


def map_shape_structure(func: Callable[..., Any], structure: Any) -> Any:
    """Apply a function to each shape (a tuple or list of sizes) in a structure.

    Raises:
        TypeError: `func` is not callable.

    Reference: `keras.tree.map_shape_structure`.
    """
    if not callable(func):
        raise TypeError(
            f"`func` must be callable. Received: func={func} (of type {type(func)})"
        )

    def apply(value: Any) -> Any:
        if not is_shape(value):
            return None
        mapped = func(value)
        return MAP_TO_NONE if mapped is None else mapped

    return traverse(apply, structure)


def traverse(func: Callable[[Any], Any], structure: Any, top_down: bool = True) -> Any:
    """Apply a function to every container and leaf of a structure.

    Args:
        func: its result replaces the part; after `None` the part is kept and, from
            the top down, its children are visited; `MAP_TO_NONE` puts `None` there.
        structure: a structure.
        top_down: whether a container is visited before its children.

    Raises:
        TypeError: `func` is not callable.

    Reference: `keras.tree.traverse`.
    """
    if not callable(func):
        raise TypeError(
            f"`func` must be callable. Received: func={func} (of type {type(func)})"
        )
    if top_down:
        result = func(structure)
        if result is None:
            return _traverse_children(func, structure, top_down)
    else:
        structure = _traverse_children(func, structure, top_down)
        result = func(structure)
        if result is None:
            return structure
    return None if result is MAP_TO_NONE else result


def _traverse_children(
    func: Callable[[Any], Any], structure: Any, top_down: bool
) -> Any:
    if not nest.is_nested(structure):
        return structure
    if isinstance(structure, dict):
        found = {k: traverse(func, structure[k], top_down) for k in sorted(structure)}
        ordered = {key: found[key] for key in structure}
        return ordered if type(structure) is dict else type(structure)(ordered)
    children = [traverse(func, value, top_down) for value in structure]
    if hasattr(structure, "_fields"):
        return type(structure)(*children)
    return type(structure)(children)
