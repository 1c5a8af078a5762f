"""The kinds of nested values: how each is taken apart and put together again.

A kind is looked up by the type of the value, once a type.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, MappingView, Sequence
from typing import Any, Final

from lamina.engine.shapes import TensorShape

UNSEEN: Final = -1
LEAF: Final = 0
LIST: Final = 1
TUPLE: Final = 2
DICT: Final = 3
NAMED: Final = 4
SEQUENCE: Final = 5
VIEW: Final = 6
ATTRS: Final = 7
CUSTOM: Final = 8
COMPOSITE: Final = 9
SPEC: Final = 10

_BASIC: Final[dict[type, int]] = {
    list: LIST,
    tuple: TUPLE,
    dict: DICT,
    type(None): LEAF,
}
_kinds: dict[type, int] = dict(_BASIC)
seen_kind = _kinds.get
_MAX_KINDS = 2048


def find_kind(value: Any) -> int:
    """The kind of a value; composite tensors have one of their own."""
    kind = seen_kind(type(value), UNSEEN)
    return kind if kind != UNSEEN else _classify(type(value))


def _classify(cls: type) -> int:
    """Finds the kind of a type and remembers it."""
    if issubclass(cls, (str, bytes, TensorShape)):
        kind = LEAF
    elif issubclass(cls, tuple):
        kind = NAMED if hasattr(cls, "_fields") else SEQUENCE
    elif issubclass(cls, Mapping):
        kind = DICT
    elif hasattr(cls, "__attrs_attrs__"):
        kind = ATTRS
    elif hasattr(cls, "__tf_flatten__") and hasattr(cls, "__tf_unflatten__"):
        kind = CUSTOM
    elif issubclass(cls, MappingView):
        kind = VIEW
    elif issubclass(cls, Sequence):
        kind = SEQUENCE
    elif hasattr(cls, "_component_specs"):
        kind = SPEC
    elif hasattr(cls, "_type_spec"):
        kind = COMPOSITE
    else:
        kind = LEAF
    if len(_kinds) >= _MAX_KINDS:
        _kinds.clear()
        _kinds.update(_BASIC)
    _kinds[cls] = kind
    return kind


def find_expanded_kind(value: Any, expand: bool) -> int:
    """The kind of a value; composite tensors are leaves unless they are expanded."""
    kind = find_kind(value)
    return LEAF if kind >= COMPOSITE and not expand else kind


def parts_of(value: Any, kind: int) -> Iterable[Any]:
    """The parts of a nested value of a kind, in order."""
    if kind <= TUPLE:
        return value  # type: ignore[no-any-return]
    if kind == DICT:
        return [value[key] for key in sorted(value)]
    if kind == ATTRS:
        return [getattr(value, field.name) for field in value.__attrs_attrs__]
    if kind == CUSTOM:
        return tuple(value.__tf_flatten__()[1])
    if kind == COMPOSITE:
        components = value._type_spec._to_components(value)
        return components if type(components) in (list, tuple) else (components,)
    if kind == SPEC:
        specs = value._component_specs
        return specs if type(specs) in (list, tuple) else (specs,)
    return list(value)


def keys_of(value: Any, kind: int) -> Iterable[Any]:
    """What leads to each of the parts: keys, field names or indices."""
    if kind == DICT:
        return sorted(value)
    if kind == NAMED:
        return value._fields  # type: ignore[no-any-return]
    if kind == ATTRS:
        return [field.name for field in value.__attrs_attrs__]
    return range(len(list(parts_of(value, kind))))


def rebuild(value: Any, kind: int, parts: list[Any]) -> Any:
    """A value like the given one, with other parts."""
    if kind in (LIST, VIEW):
        return parts
    if kind == TUPLE:
        return tuple(parts)
    if kind == DICT:
        return _rebuild_mapping(value, dict(zip(sorted(value), parts, strict=True)))
    if kind == NAMED:
        return type(value)(*parts)
    if kind == ATTRS:
        names = [field.name.lstrip("_") for field in value.__attrs_attrs__]
        return type(value)(**dict(zip(names, parts, strict=True)))
    if kind == CUSTOM:
        metadata = value.__tf_flatten__()[0]
        return type(value).__tf_unflatten__(metadata, tuple(parts))
    if kind == COMPOSITE:
        spec = value._type_spec
        nested = type(spec._to_components(value)) in (list, tuple)
        return spec._from_components(parts if nested else parts[0])
    if kind == SPEC or isinstance(value, range):
        return parts[0] if kind == SPEC and len(parts) == 1 else parts
    return type(value)(parts)


def _rebuild_mapping(value: Mapping[Any, Any], parts: dict[Any, Any]) -> Any:
    pairs = {key: parts[key] for key in value}
    cls = type(value)
    if cls is dict:
        return pairs
    factory = getattr(value, "default_factory", UNSEEN)
    if factory is not UNSEEN:
        return cls(factory, pairs)  # type: ignore[call-arg]
    try:
        return cls(pairs)  # type: ignore[call-arg]
    except (TypeError, ValueError) as error:
        raise TypeError(
            "tf.nest: expected a mapping type that can be made from a dictionary. "
            f"Error creating an object of type {cls} like {value!r}: {error}. Accept "
            "one mapping in its constructor, or use a plain dictionary."
        ) from error
