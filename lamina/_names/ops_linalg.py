"""Public names of tf.linalg."""

NAMES: dict[str, tuple[str, ...]] = {
    "lamina.ops.linalg.products": (
        "matmul linalg.matmul",
        "linalg.matvec",
        "tensordot linalg.tensordot",
        "einsum linalg.einsum",
        "linalg.cross",
    ),
    "lamina.ops.linalg.decompositions": (
        "linalg.cholesky",
        "linalg.qr",
        "linalg.svd",
        "linalg.eigh",
        "linalg.eigvalsh",
        "linalg.lu",
    ),
    "lamina.ops.linalg.diagonal": (
        "linalg.diag",
        "linalg.diag_part",
        "linalg.set_diag",
        "linalg.band_part",
        "linalg.trace",
        "linalg.tensor_diag",
        "linalg.tensor_diag_part",
        "linalg.matrix_transpose",
        "linalg.adjoint",
    ),
    "lamina.ops.linalg.norms": (
        "norm linalg.norm",
        "linalg.normalize",
    ),
    "lamina.ops.linalg.solvers": (
        "linalg.inv",
        "linalg.det",
        "linalg.slogdet",
        "linalg.logdet",
        "linalg.solve",
        "linalg.triangular_solve",
        "linalg.cholesky_solve",
        "linalg.lstsq",
        "linalg.pinv",
        "linalg.matrix_rank",
        "linalg.expm",
    ),
}
