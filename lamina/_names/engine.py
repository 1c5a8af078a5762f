"""Public names of tf.nest, shapes, tf.function and the small dtypes."""

NAMES: dict[str, tuple[str, ...]] = {
    "lamina.autograph.function": ("function",),
    "lamina.engine.dtypes": (
        "dtypes.experimental.float8_e4m3fn",
        "dtypes.experimental.float8_e5m2",
        "dtypes.experimental.int4",
        "dtypes.experimental.uint4",
    ),
    "lamina.engine.nest": (
        "nest.assert_same_structure",
        "nest.flatten",
        "nest.is_nested",
        "nest.map_structure",
        "nest.pack_sequence_as",
    ),
    "lamina.engine.shapes": ("TensorShape",),
}
