"""Public names of control flow, tensor arrays, printing, and tf.autograph."""

NAMES: dict[str, tuple[str, ...]] = {
    "lamina.autograph.api": (
        "autograph.experimental.Feature",
        "autograph.experimental.do_not_convert",
        "autograph.experimental.set_loop_options",
        "autograph.set_verbosity",
        "autograph.to_code",
        "autograph.to_graph",
        "autograph.trace",
    ),
    "lamina.ops.control_flow.branches": ("case", "cond", "switch_case"),
    "lamina.ops.control_flow.mapping": (
        "foldl",
        "foldr",
        "map_fn",
        "scan",
        "vectorized_map",
    ),
    "lamina.ops.control_flow.printing": ("print @ print_v2",),
    "lamina.ops.control_flow.python_calls": ("numpy_function", "py_function"),
    "lamina.ops.control_flow.tensor_array": ("TensorArray", "TensorArraySpec"),
    "lamina.ops.control_flow.while_loops": ("while_loop",),
}
