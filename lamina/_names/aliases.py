"""Further public paths of symbols that other tables list."""

NAMES: dict[str, tuple[str, ...]] = {
    "lamina.engine.tape": ("autodiff.GradientTape",),
    "lamina.keras.initializers.constant_initializers": (
        "initializers.Constant initializers.constant",
        "initializers.Identity initializers.IdentityInitializer initializers.identity",
        "initializers.Ones initializers.ones",
        "initializers.Zeros initializers.zeros",
    ),
    "lamina.keras.initializers.initializer": ("initializers.Initializer",),
    "lamina.keras.initializers.lookup": (
        "initializers.deserialize",
        "initializers.get",
        "initializers.serialize",
    ),
    "lamina.keras.initializers.random_initializers": (
        "initializers.RandomNormal initializers.random_normal",
        "initializers.RandomUniform initializers.random_uniform",
        "initializers.TruncatedNormal initializers.truncated_normal",
        "initializers.VarianceScaling initializers.variance_scaling",
    ),
    "lamina.keras.initializers.scaled_initializers": (
        "initializers.GlorotNormal initializers.glorot_normal",
        "initializers.GlorotUniform initializers.glorot_uniform",
        "initializers.HeNormal initializers.he_normal",
        "initializers.HeUniform initializers.he_uniform",
        "initializers.LecunNormal initializers.lecun_normal",
        "initializers.LecunUniform initializers.lecun_uniform",
        "initializers.Orthogonal initializers.OrthogonalInitializer "
        "initializers.orthogonal",
    ),
    "lamina.ops.nn.activations": ("math.softsign",),
}
