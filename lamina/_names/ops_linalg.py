"""Public names of tf.linalg."""

NAMES: dict[str, tuple[str, ...]] = {
    "lamina.ops.linalg.products": (
        "matmul linalg.matmul",
        "linalg.matvec",
        "tensordot linalg.tensordot",
        "einsum linalg.einsum",
        "linalg.cross",
    ),
}
