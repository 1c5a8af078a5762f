"""Public names of tf.test."""

NAMES: dict[str, tuple[str, ...]] = {
    "lamina.ops.testing.devices": (
        "test.gpu_device_name",
        "test.is_built_with_cuda",
        "test.is_built_with_gpu_support",
        "test.is_built_with_rocm",
        "test.is_built_with_xla",
        "test.is_gpu_available",
    ),
    "lamina.ops.testing.test_case": (
        "test.TestCase",
        "test.compute_gradient",
        "test.main",
    ),
}
