"""Nested structures: ``tf.nest``.

A structure is a leaf, or a list, tuple, named tuple, mapping, other sequence, attrs
class or class with ``__tf_flatten__``, whose parts are structures. Mappings are
visited in the order of their sorted keys. Strings, arrays, ``TensorShape`` and
``None`` are leaves. The kind of a value is looked up by its type, once a type.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from lamina.engine.nest.kinds import (
    COMPOSITE,
    LEAF,
    LIST,
    NAMED,
    TUPLE,
    UNSEEN,
    find_expanded_kind,
    find_kind,
    keys_of,
    parts_of,
    rebuild,
    seen_kind,
)


def is_nested(structure: Any) -> bool:
    """Whether a value is a structure with parts and not a leaf.

    Args:
        structure: any value.

    Returns:
        True for lists, tuples, mappings and the other nested kinds, also empty ones.

    Example:
        >>> import lamina as tf
        >>> tf.nest.is_nested([1]), tf.nest.is_nested("text")
        (True, False)

    Reference: ``tf.nest.is_nested``.
    """
    return 0 < find_kind(structure) < COMPOSITE


def flatten(structure: Any, expand_composites: bool = False) -> list[Any]:
    """The leaves of a structure, in order, as a list.

    Args:
        structure: any value; a leaf gives a list of itself.
        expand_composites: whether ragged, sparse and other composite tensors are
            taken apart into their component tensors.

    Raises:
        TypeError: a mapping has keys that cannot be sorted.

    Example:
        >>> import lamina as tf
        >>> tf.nest.flatten({"b": [2, 3], "a": 1})
        [1, 2, 3]

    Reference: ``tf.nest.flatten``.
    """
    leaves: list[Any] = []
    _flatten_into(structure, leaves, expand_composites)
    return leaves


def pack_sequence_as(
    structure: Any, flat_sequence: Any, expand_composites: bool = False
) -> Any:
    """A structure like the given one, with its leaves replaced.

    Args:
        structure: the model; its own leaves are ignored.
        flat_sequence: the new leaves, in the order of `flatten`.
        expand_composites: whether composite tensors of the model take one value for
            each of their components.

    Returns:
        A value of the same nesting. Mappings keep their own order of keys.

    Raises:
        TypeError: `flat_sequence` is not a sequence.
        ValueError: the number of values is not the number of leaves.

    Example:
        >>> import lamina as tf
        >>> tf.nest.pack_sequence_as({"b": 0, "a": [0]}, [1, 2])
        {'b': 2, 'a': [1]}

    Reference: ``tf.nest.pack_sequence_as``.
    """
    kind = find_kind(flat_sequence)
    if not 0 < kind < COMPOSITE:
        raise TypeError(
            "tf.nest.pack_sequence_as: expected a list of values in `flat_sequence`. "
            f"Attempted to pack value: {flat_sequence!r} into a structure, but found "
            f"incompatible type `{type(flat_sequence)}` instead. Wrap it in a list."
        )
    values = flat_sequence if kind <= TUPLE else list(flat_sequence)
    kind = find_expanded_kind(structure, expand_composites)
    if kind == LEAF:
        if len(values) != 1:
            raise ValueError(
                "tf.nest.pack_sequence_as: expected one value for a structure that "
                f"is one leaf. The target structure is of type `{type(structure)}`: "
                f"{structure!r}. However the input is a sequence "
                f"({type(flat_sequence)}) of length {len(values)}: {flat_sequence!r}. "
                "nest cannot guarantee that it is safe to map one to the other. "
                "Pass a structure with as many leaves as there are values."
            )
        return values[0]
    if kind <= TUPLE and len(structure) == len(values) and _flat(structure):
        return list(values) if kind == LIST else tuple(values)
    if len(values) != (count := len(flatten(structure, expand_composites))):
        raise ValueError(
            "tf.nest.pack_sequence_as: expected as many values as the structure has "
            f"leaves. Could not pack sequence. Structure had {count} atoms, but "
            f"flat_sequence had {len(values)} items. Structure: {structure!r}, "
            f"flat_sequence: {flat_sequence!r}. Flatten a value of this same structure."
        )
    return _pack(structure, kind, iter(values), expand_composites)


def map_structure(func: Callable[..., Any], *structure: Any, **kwargs: Any) -> Any:
    """Calls a function on the leaves of structures of one nesting.

    Args:
        func: called with one leaf of each structure, in the order of `flatten`.
        *structure: one or more structures.
        **kwargs: `check_types` (default True) asks for equal types of lists, tuples
            and mappings too; `expand_composites` (default False) maps the components
            of composite tensors.

    Returns:
        The results, nested as the first structure.

    Raises:
        TypeError: `func` is not callable, or types differ.
        ValueError: there is no structure, the structures differ, or a keyword is
            unknown.

    Example:
        >>> import lamina as tf
        >>> tf.nest.map_structure(lambda x, y: x + y, {"a": [1]}, {"a": [10]})
        {'a': [11]}

    Reference: ``tf.nest.map_structure``.
    """
    if not callable(func):
        raise TypeError(
            "tf.nest.map_structure: expected a function as the first argument. "
            f"func must be callable, got: {func!r}. Pass the function first and the "
            "structures after it."
        )
    if not structure:
        raise ValueError(
            "tf.nest.map_structure: expected at least one structure after `func`. "
            "Received: none. Must provide at least one structure."
        )
    check_types = expand_composites = None
    if kwargs:
        check_types = kwargs.pop("check_types", None)
        expand_composites = kwargs.pop("expand_composites", None)
        if kwargs:
            raise ValueError(
                "tf.nest.map_structure: Only valid keyword arguments are "
                "`check_types` and `expand_composites`, not: "
                f"`{'`, `'.join(kwargs)}`. Close over other arguments in `func`."
            )
    expand = bool(expand_composites)
    first = structure[0]
    if len(structure) == 1:
        return _map_one(func, first, expand)
    for other in structure[1:]:
        assert_same_structure(first, other, check_types is not False, expand)
    rows = [flatten(each, expand) for each in structure]
    results = [func(*leaves) for leaves in zip(*rows, strict=True)]
    return pack_sequence_as(first, results, expand)


def assert_same_structure(
    nest1: Any, nest2: Any, check_types: bool = True, expand_composites: bool = False
) -> None:
    """Raises unless two structures are nested in the same way.

    Args:
        nest1: a structure.
        nest2: a structure.
        check_types: whether the types of lists, tuples and mappings (with their keys)
            must agree too. All mappings count as one type, all subclasses of list
            too, and named tuples agree when name and fields do.
        expand_composites: whether composite tensors are compared by components.

    Raises:
        ValueError: the nesting, the number of parts or the keys differ.
        TypeError: only the types differ.

    Reference: ``tf.nest.assert_same_structure``.
    """
    check_types, expand_composites = bool(check_types), bool(expand_composites)
    try:
        _compare(nest1, nest2, check_types, expand_composites)
    except (ValueError, TypeError) as error:
        raise type(error)(
            "tf.nest.assert_same_structure: expected two structures of one nesting. "
            "The two structures don't have the same nested structure.\n\n"
            f"First structure: {_describe(nest1)}\n\n"
            f"Second structure: {_describe(nest2)}\n\n"
            f"More specifically: {error}\n"
            f"Entire first structure:\n{_skeleton(nest1)}\n"
            f"Entire second structure:\n{_skeleton(nest2)}"
        ) from None


def flatten_with_paths(
    structure: Any, expand_composites: bool = False
) -> list[tuple[tuple[Any, ...], Any]]:
    """The leaves with the keys, indices or field names that lead to each."""
    found: list[tuple[tuple[Any, ...], Any]] = []
    _paths_into((), structure, found, expand_composites)
    return found


def assert_shallow_structure(
    shallow_tree: Any, input_tree: Any, check_types: bool = True
) -> None:
    """Raises unless the second structure has at least the nesting of the first.

    Raises:
        TypeError: a part is a leaf where a nested value is wanted, or (with
            `check_types`) of another type.
        ValueError: a part has another number of elements or other keys.
    """
    kind = find_kind(shallow_tree)
    if not 0 < kind < COMPOSITE:
        return
    if not is_nested(input_tree):
        raise TypeError(
            "tf.nest: expected an input as deep as the shallow structure. If shallow "
            "structure is a sequence, input must also be a sequence. Input has type: "
            f"{type(input_tree).__name__}."
        )
    if check_types and not _same_type(shallow_tree, input_tree):
        raise TypeError(
            "tf.nest: expected equal types of parts. The two structures don't have "
            "the same sequence type. Input structure has type "
            f"{type(input_tree).__name__}, while shallow structure has type "
            f"{type(shallow_tree).__name__}."
        )
    if len(shallow_tree) != len(input_tree):
        raise ValueError(
            "tf.nest: expected equal numbers of parts. The two structures don't have "
            "the same sequence length. Input structure has length "
            f"{len(input_tree)}, while shallow structure has length "
            f"{len(shallow_tree)}."
        )
    for shallow, deep in _pairs(shallow_tree, input_tree):
        assert_shallow_structure(shallow, deep, check_types)


def flatten_up_to(
    shallow_tree: Any, input_tree: Any, check_types: bool = True
) -> list[Any]:
    """The parts of `input_tree` that stand where `shallow_tree` has leaves.

    Args:
        shallow_tree: how deep to go.
        input_tree: a structure at least as deep.
        check_types: whether the types of parts must agree.

    Raises:
        TypeError: `input_tree` has a leaf, or another type, where `shallow_tree` is
            nested.
        ValueError: the numbers of parts or the keys differ.
    """
    assert_shallow_structure(shallow_tree, input_tree, check_types)
    found: list[Any] = []
    _up_to_into(shallow_tree, input_tree, found)
    return found


def map_structure_up_to(
    shallow_tree: Any, func: Callable[..., Any], *inputs: Any, check_types: bool = True
) -> Any:
    """Calls a function on the parts of inputs that stand at the leaves of a tree.

    Args:
        shallow_tree: how deep to go, and the nesting of the result.
        func: called with one part of each input.
        *inputs: structures at least as deep as `shallow_tree`.
        check_types: whether the types of parts must agree.

    Raises:
        TypeError: as in `flatten_up_to`.
        ValueError: as in `flatten_up_to`, or when there is no input.
    """
    if not inputs:
        raise ValueError(
            "tf.nest.map_structure_up_to: expected at least one structure. "
            "Received: none. Pass the inputs after the function."
        )
    rows = [flatten_up_to(shallow_tree, each, check_types) for each in inputs]
    return pack_sequence_as(shallow_tree, [func(*row) for row in zip(*rows)])


def _flat(structure: Any) -> bool:
    """Whether every part is a leaf of a type seen before."""
    return all(seen_kind(type(part), UNSEEN) == LEAF for part in structure)


def _flatten_into(structure: Any, leaves: list[Any], expand: bool) -> None:
    kind = find_expanded_kind(structure, expand)
    if kind == LEAF:
        leaves.append(structure)
        return
    for part in parts_of(structure, kind):
        if seen_kind(type(part), UNSEEN) == LEAF:
            leaves.append(part)
        else:
            _flatten_into(part, leaves, expand)


def _paths_into(
    path: tuple[Any, ...], structure: Any, found: list[Any], expand: bool
) -> None:
    kind = find_expanded_kind(structure, expand)
    if kind == LEAF:
        found.append((path, structure))
        return
    parts = parts_of(structure, kind)
    for key, part in zip(keys_of(structure, kind), parts, strict=True):
        _paths_into((*path, key), part, found, expand)


def _pack(structure: Any, kind: int, values: Iterator[Any], expand: bool) -> Any:
    parts = []
    for part in parts_of(structure, kind):
        below = find_expanded_kind(part, expand)
        if below == LEAF:
            parts.append(next(values))
        else:
            parts.append(_pack(part, below, values, expand))
    return rebuild(structure, kind, parts)


def _map_one(func: Callable[..., Any], structure: Any, expand: bool) -> Any:
    kind = find_expanded_kind(structure, expand)
    if kind == LEAF:
        return func(structure)
    parts = [_map_one(func, part, expand) for part in parts_of(structure, kind)]
    return rebuild(structure, kind, parts)


def _up_to_into(shallow: Any, deep: Any, found: list[Any]) -> None:
    if not is_nested(shallow):
        found.append(deep)
        return
    for part, deeper in _pairs(shallow, deep):
        _up_to_into(part, deeper, found)


def _pairs(shallow: Any, deep: Any) -> Iterator[tuple[Any, Any]]:
    """The parts of two nested values side by side; mappings by key."""
    if isinstance(shallow, Mapping) and isinstance(deep, Mapping):
        missing = [key for key in shallow if key not in deep]
        if missing:
            raise ValueError(
                "tf.nest: expected equal keys. The two structures don't have the "
                f"same keys. Shallow structure has keys not in input: {missing}."
            )
        return ((shallow[key], deep[key]) for key in sorted(shallow))
    one = parts_of(shallow, find_kind(shallow))
    return zip(one, parts_of(deep, find_kind(deep)), strict=True)


def _compare(one: Any, two: Any, check_types: bool, expand: bool) -> None:
    """Raises ValueError or TypeError that says where two structures differ."""
    kind, other = find_expanded_kind(one, expand), find_expanded_kind(two, expand)
    if kind == LEAF or other == LEAF:
        if kind != other:
            nested, leaf = (one, two) if other == LEAF else (two, one)
            raise ValueError(
                f'Substructure "{_describe(nested)}" is a sequence, while '
                f'substructure "{_describe(leaf)}" is not'
            )
        return
    if check_types and kind < COMPOSITE:
        _compare_types(one, two)
    mine, others = list(parts_of(one, kind)), list(parts_of(two, other))
    for part, counterpart in zip(mine, others, strict=False):
        _compare(part, counterpart, check_types, expand)
    if len(mine) != len(others):
        raise ValueError(
            "The two structures don't have the same number of elements. First "
            f"structure: {_describe(one)}. Second structure: {_describe(two)}"
        )


def _compare_types(one: Any, two: Any) -> None:
    if isinstance(one, Mapping) and isinstance(two, Mapping):
        if set(one) != set(two):
            raise ValueError(
                "The two dictionaries don't have the same set of keys. First "
                f"structure has keys {_describe(list(one))}, while second structure "
                f"has keys {_describe(list(two))}"
            )
    elif not _same_type(one, two):
        raise TypeError(
            "The two structures don't have the same sequence type. First structure "
            f"{_describe(one)} has type {type(one).__name__}, while second structure "
            f"{_describe(two)} has type {type(two).__name__}"
        )


def _same_type(one: Any, two: Any) -> bool:
    cls, other = type(one), type(two)
    if cls is other:
        return True
    for family in (list, Mapping):
        if issubclass(cls, family) and issubclass(other, family):
            return True
    if find_kind(one) == NAMED and find_kind(two) == NAMED:
        return cls.__name__ == other.__name__ and one._fields == two._fields
    return False


def _describe(value: Any) -> str:
    return f"type={type(value).__name__} str={value}"


class _Dot:
    def __repr__(self) -> str:
        return "."


def _skeleton(structure: Any) -> str:
    dot = _Dot()
    return str(_map_one(lambda _: dot, structure, False))
