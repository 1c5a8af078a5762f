"""Public names of keras.losses, and the functions that keras.metrics shares."""

_FUNCTIONS = {
    "crossentropy": (
        "binary_crossentropy",
        "categorical_crossentropy",
        "sparse_categorical_crossentropy",
    ),
    "distributions": ("kl_divergence", "poisson"),
    "focal": ("binary_focal_crossentropy", "categorical_focal_crossentropy"),
    "margins": ("categorical_hinge", "hinge", "squared_hinge"),
    "regression": (
        "huber",
        "log_cosh",
        "mean_absolute_error",
        "mean_absolute_percentage_error",
        "mean_squared_error",
        "mean_squared_logarithmic_error",
        "cosine_similarity",
    ),
}
_LOSSES = {
    "base": ("Loss", "LossFunctionWrapper"),
    "crossentropy": (
        "BinaryCrossentropy",
        "CategoricalCrossentropy",
        "SparseCategoricalCrossentropy",
    ),
    "distributions": ("Dice", "KLDivergence", "Poisson", "Tversky", "dice", "tversky"),
    "focal": (
        "BinaryFocalCrossentropy",
        "CategoricalFocalCrossentropy",
        "CategoricalGeneralizedCrossEntropy",
        "categorical_generalized_cross_entropy",
    ),
    "lookup": ("deserialize", "get", "serialize"),
    "margins": ("CategoricalHinge", "Circle", "Hinge", "SquaredHinge", "circle"),
    "regression": (
        "CosineSimilarity",
        "Huber",
        "LogCosh",
        "MeanAbsoluteError",
        "MeanAbsolutePercentageError",
        "MeanSquaredError",
        "MeanSquaredLogarithmicError",
    ),
}
_SHORT = {
    "mean_absolute_error": ("mae", "MAE"),
    "mean_absolute_percentage_error": ("mape", "MAPE"),
    "mean_squared_error": ("mse", "MSE"),
    "mean_squared_logarithmic_error": ("msle", "MSLE"),
    "kl_divergence": ("kld", "KLD", "kullback_leibler_divergence"),
    "log_cosh": ("logcosh",),
    "binary_crossentropy": ("bce", "BCE"),
}
_METRICS_LACK = ("cosine_similarity",)


def _function(name: str) -> str:
    names = (name, *_SHORT.get(name, ()))
    spaces: tuple[str, ...] = ("keras.losses", "losses")
    if name not in _METRICS_LACK:
        spaces += ("keras.metrics", "metrics")
    return " ".join(f"{space}.{one}" for space in spaces for one in names)


def _loss(name: str) -> str:
    extra = " keras.Loss" if name == "Loss" else ""
    return f"keras.losses.{name} losses.{name}{extra}"


NAMES: dict[str, tuple[str, ...]] = {
    f"lamina.keras.losses.{module}": (
        *map(_function, _FUNCTIONS.get(module, ())),
        *map(_loss, _LOSSES.get(module, ())),
    )
    for module in sorted(_FUNCTIONS | _LOSSES)
}
