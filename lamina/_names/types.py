"""Public names of tf.types."""

NAMES: dict[str, tuple[str, ...]] = {
    "lamina.engine.types": (
        "types.experimental.GenericFunction types.experimental.PolymorphicFunction",
        "types.experimental.TensorLike",
    ),
}
