"""Public names of tf.compat."""

NAMES: dict[str, tuple[str, ...]] = {
    "lamina.compat.text": (
        "compat.as_bytes",
        "compat.as_text compat.as_str",
        "compat.as_str_any",
        "compat.path_to_str",
    ),
    "lamina.compat.kinds": (
        "compat.bytes_or_text_types",
        "compat.complex_types",
        "compat.dimension_at_index",
        "compat.dimension_value",
        "compat.forward_compatible",
        "compat.integral_types",
        "compat.real_types",
    ),
}
