"""Public name of sparse rows."""

NAMES: dict[str, tuple[str, ...]] = {
    "lamina.ops.indexed_slices": ("IndexedSlices",),
}
