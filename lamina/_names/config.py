"""Public names of tf.config, of scopes and devices, and of tf.Module."""

NAMES: dict[str, tuple[str, ...]] = {
    "lamina.engine.system.config": (
        "config.experimental.enable_op_determinism",
        "config.experimental.enable_tensor_float_32_execution",
        "config.experimental.get_device_details",
        "config.experimental.get_memory_growth",
        "config.experimental.get_memory_info",
        "config.experimental.get_memory_usage",
        "config.experimental.set_memory_growth",
        "config.experimental.tensor_float_32_execution_enabled",
        "config.functions_run_eagerly config.experimental_functions_run_eagerly",
        "config.optimizer.get_experimental_options",
        "config.optimizer.get_jit",
        "config.optimizer.set_experimental_options",
        "config.optimizer.set_jit",
        "config.run_functions_eagerly config.experimental_run_functions_eagerly",
        "config.threading.get_inter_op_parallelism_threads",
        "config.threading.get_intra_op_parallelism_threads",
        "config.threading.set_inter_op_parallelism_threads",
        "config.threading.set_intra_op_parallelism_threads",
        "get_logger",
    ),
    "lamina.engine.system.device": (
        "config.LogicalDevice",
        "config.LogicalDeviceConfiguration "
        "config.experimental.VirtualDeviceConfiguration",
        "config.PhysicalDevice",
        "config.get_logical_device_configuration "
        "config.experimental.get_virtual_device_configuration",
        "config.get_soft_device_placement",
        "config.get_visible_devices config.experimental.get_visible_devices",
        "config.list_logical_devices config.experimental.list_logical_devices",
        "config.list_physical_devices config.experimental.list_physical_devices",
        "config.set_logical_device_configuration "
        "config.experimental.set_virtual_device_configuration",
        "config.set_soft_device_placement",
        "config.set_visible_devices config.experimental.set_visible_devices",
        "device keras.device",
    ),
    "lamina.engine.module": ("Module",),
    "lamina.engine.system.scope": (
        "control_dependencies",
        "executing_eagerly",
        "group",
        "inside_function",
        "name_scope",
        "newaxis",
        "no_op",
    ),
}
