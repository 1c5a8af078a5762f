"""Public names of keras.metrics (functions shared with losses stand there)."""

_METRICS = {
    "accuracies": (
        "Accuracy",
        "BinaryAccuracy",
        "CategoricalAccuracy",
        "SparseCategoricalAccuracy",
        "SparseTopKCategoricalAccuracy",
        "TopKCategoricalAccuracy",
        "binary_accuracy",
        "categorical_accuracy",
        "sparse_categorical_accuracy",
        "sparse_top_k_categorical_accuracy",
        "top_k_categorical_accuracy",
    ),
    "base": ("Metric",),
    "confusion": (
        "FalseNegatives",
        "FalsePositives",
        "Precision",
        "Recall",
        "TrueNegatives",
        "TruePositives",
    ),
    "curves": (
        "AUC",
        "PrecisionAtRecall",
        "RecallAtPrecision",
        "SensitivityAtSpecificity",
        "SpecificityAtSensitivity",
    ),
    "lookup": ("deserialize", "get", "serialize"),
    "losses": (
        "BinaryCrossentropy",
        "CategoricalCrossentropy",
        "CategoricalHinge",
        "ConcordanceCorrelation",
        "CosineSimilarity",
        "Hinge",
        "KLDivergence",
        "LogCoshError",
        "MeanAbsoluteError",
        "MeanAbsolutePercentageError",
        "MeanSquaredError",
        "MeanSquaredLogarithmicError",
        "PearsonCorrelation",
        "Poisson",
        "RootMeanSquaredError",
        "SparseCategoricalCrossentropy",
        "SquaredHinge",
        "concordance_correlation",
        "pearson_correlation",
    ),
    "overlaps": ("BinaryIoU", "IoU", "MeanIoU", "OneHotIoU", "OneHotMeanIoU"),
    "reductions": ("Mean", "MeanMetricWrapper", "Sum"),
    "scores": ("F1Score", "FBetaScore", "R2Score"),
}


def _line(name: str) -> str:
    extra = " keras.Metric" if name == "Metric" else ""
    return f"keras.metrics.{name} metrics.{name}{extra}"


NAMES: dict[str, tuple[str, ...]] = {
    f"lamina.keras.metrics.{module}": tuple(map(_line, names))
    for module, names in _METRICS.items()
}
