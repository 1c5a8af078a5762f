"""Public names of keras.activations, initializers, regularizers and constraints."""

NAMES: dict[str, tuple[str, ...]] = {
    "lamina.keras.activations.lookup": (
        "keras.activations.deserialize",
        "keras.activations.get",
        "keras.activations.serialize",
    ),
    "lamina.keras.activations.rectifiers": (
        "keras.activations.hard_shrink",
        "keras.activations.hard_sigmoid",
        "keras.activations.hard_silu keras.activations.hard_swish",
        "keras.activations.hard_tanh",
        "keras.activations.leaky_relu",
        "keras.activations.relu",
        "keras.activations.relu6",
        "keras.activations.soft_shrink",
        "keras.activations.sparse_plus",
        "keras.activations.sparse_sigmoid",
        "keras.activations.sparsemax",
        "keras.activations.threshold",
    ),
    "lamina.keras.activations.smooth": (
        "keras.activations.celu",
        "keras.activations.elu",
        "keras.activations.exponential",
        "keras.activations.gelu",
        "keras.activations.glu",
        "keras.activations.linear",
        "keras.activations.log_sigmoid",
        "keras.activations.log_softmax",
        "keras.activations.mish",
        "keras.activations.selu",
        "keras.activations.sigmoid",
        "keras.activations.silu keras.activations.swish",
        "keras.activations.softmax",
        "keras.activations.softplus",
        "keras.activations.softsign",
        "keras.activations.squareplus",
        "keras.activations.tanh",
        "keras.activations.tanh_shrink",
    ),
    "lamina.keras.constraints.lookup": (
        "keras.constraints.deserialize",
        "keras.constraints.get",
        "keras.constraints.serialize",
    ),
    "lamina.keras.constraints.projections": (
        "keras.constraints.Constraint",
        "keras.constraints.MaxNorm keras.constraints.max_norm",
        "keras.constraints.MinMaxNorm keras.constraints.min_max_norm",
        "keras.constraints.NonNeg keras.constraints.non_neg",
        "keras.constraints.UnitNorm keras.constraints.unit_norm",
    ),
    "lamina.keras.initializers.constant_initializers": (
        "keras.initializers.Constant keras.initializers.constant",
        "keras.initializers.Identity keras.initializers.IdentityInitializer "
        "keras.initializers.identity",
        "keras.initializers.Ones keras.initializers.ones",
        "keras.initializers.Zeros keras.initializers.zeros",
    ),
    "lamina.keras.initializers.initializer": (
        "keras.initializers.Initializer keras.Initializer",
    ),
    "lamina.keras.initializers.lookup": (
        "keras.initializers.deserialize",
        "keras.initializers.get",
        "keras.initializers.serialize",
    ),
    "lamina.keras.initializers.random_initializers": (
        "keras.initializers.RandomNormal keras.initializers.random_normal",
        "keras.initializers.RandomUniform keras.initializers.random_uniform",
        "keras.initializers.TruncatedNormal keras.initializers.truncated_normal",
        "keras.initializers.VarianceScaling keras.initializers.variance_scaling",
    ),
    "lamina.keras.initializers.scaled_initializers": (
        "keras.initializers.GlorotNormal keras.initializers.glorot_normal",
        "keras.initializers.GlorotUniform keras.initializers.glorot_uniform",
        "keras.initializers.HeNormal keras.initializers.he_normal",
        "keras.initializers.HeUniform keras.initializers.he_uniform",
        "keras.initializers.LecunNormal keras.initializers.lecun_normal",
        "keras.initializers.LecunUniform keras.initializers.lecun_uniform",
        "keras.initializers.Orthogonal keras.initializers.OrthogonalInitializer "
        "keras.initializers.orthogonal",
    ),
    "lamina.keras.regularizers.lookup": (
        "keras.regularizers.deserialize",
        "keras.regularizers.get",
        "keras.regularizers.serialize",
    ),
    "lamina.keras.regularizers.penalties": (
        "keras.regularizers.L1 keras.regularizers.l1",
        "keras.regularizers.L1L2 keras.regularizers.l1_l2",
        "keras.regularizers.L2 keras.regularizers.l2",
        "keras.regularizers.OrthogonalRegularizer "
        "keras.regularizers.orthogonal_regularizer",
        "keras.regularizers.Regularizer keras.Regularizer",
    ),
}
