"""Public names of tf.data."""

NAMES: dict[str, tuple[str, ...]] = {
    "lamina.data.dataset": ("data.Dataset",),
    "lamina.data.elements": ("data.DatasetSpec",),
    "lamina.data.iterators": (
        "data.Iterator",
        "data.IteratorSpec",
        "data.NumpyIterator",
        "experimental.Optional data.experimental.Optional",
    ),
    "lamina.data.options": (
        "data.AUTOTUNE data.experimental.AUTOTUNE",
        "data.INFINITE_CARDINALITY data.experimental.INFINITE_CARDINALITY",
        "data.UNKNOWN_CARDINALITY data.experimental.UNKNOWN_CARDINALITY",
        "data.Options",
        "data.ThreadingOptions data.experimental.ThreadingOptions",
        "data.experimental.AutoShardPolicy",
        "data.experimental.AutotuneOptions",
        "data.experimental.DistributeOptions",
        "data.experimental.OptimizationOptions",
    ),
}
