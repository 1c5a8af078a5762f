"""Public names of tf.debugging."""

NAMES: dict[str, tuple[str, ...]] = {
    "lamina.ops.debugging.comparisons": (
        "debugging.Assert Assert @ assert_true",
        "debugging.assert_equal assert_equal",
        "debugging.assert_greater assert_greater",
        "debugging.assert_greater_equal",
        "debugging.assert_less assert_less",
        "debugging.assert_less_equal",
        "debugging.assert_near",
        "debugging.assert_negative",
        "debugging.assert_non_negative",
        "debugging.assert_non_positive",
        "debugging.assert_none_equal",
        "debugging.assert_positive",
    ),
    "lamina.ops.debugging.numerics": (
        "debugging.assert_all_finite",
        "debugging.check_numerics",
    ),
    "lamina.ops.debugging.static_checks": (
        "debugging.assert_integer",
        "debugging.assert_proper_iterable",
        "debugging.assert_rank assert_rank",
        "debugging.assert_rank_at_least",
        "debugging.assert_rank_in",
        "debugging.assert_same_float_dtype",
        "debugging.assert_scalar",
        "debugging.assert_shapes",
        "debugging.assert_type",
        "debugging.is_numeric_tensor",
    ),
}
