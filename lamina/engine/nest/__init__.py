"""Nested structures: ``tf.nest``."""

from lamina.engine.nest.structures import (
    assert_same_structure,
    assert_shallow_structure,
    flatten,
    flatten_up_to,
    flatten_with_paths,
    is_nested,
    map_structure,
    map_structure_up_to,
    pack_sequence_as,
)

__all__ = [
    "assert_same_structure",
    "assert_shallow_structure",
    "flatten",
    "flatten_up_to",
    "flatten_with_paths",
    "is_nested",
    "map_structure",
    "map_structure_up_to",
    "pack_sequence_as",
]
