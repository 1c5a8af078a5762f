"""Metrics: several updates, weights, results, configs."""

from typing import Any

import numpy as np

from tests.conformance.helpers import raises, rng
from tests.conformance.records import case

ONE_HOT: dict[str, list[dict[str, Any]]] = {
    "BinaryAccuracy": [{}, {"threshold": 0.3}],
    "CategoricalAccuracy": [{}],
    "TopKCategoricalAccuracy": [{"k": 2}],
    "MeanSquaredError": [{}],
    "RootMeanSquaredError": [{}],
    "MeanAbsoluteError": [{}],
    "MeanAbsolutePercentageError": [{}],
    "MeanSquaredLogarithmicError": [{}],
    "LogCoshError": [{}],
    "CosineSimilarity": [{}],
    "KLDivergence": [{}],
    "Poisson": [{}],
    "Hinge": [{}],
    "SquaredHinge": [{}],
    "CategoricalHinge": [{}],
    "BinaryCrossentropy": [{}, {"from_logits": True}],
    "CategoricalCrossentropy": [{}, {"label_smoothing": 0.1}],
    "TruePositives": [{}, {"thresholds": [0.2, 0.8]}],
    "FalsePositives": [{}],
    "TrueNegatives": [{}],
    "FalseNegatives": [{}],
    "Precision": [{}, {"thresholds": [0.2, 0.8]}, {"top_k": 2}, {"class_id": 1}],
    "Recall": [{}, {"top_k": 1}, {"class_id": 2}],
    "AUC": [
        {},
        {"curve": "PR", "num_thresholds": 20},
        {"summation_method": "minoring", "num_thresholds": 5},
        {"summation_method": "majoring", "thresholds": [0.3, 0.6]},
        {"multi_label": True, "num_thresholds": 10},
        {"multi_label": True, "num_labels": 3, "label_weights": [1.0, 2.0, 0.5]},
        {"from_logits": True},
        {"curve": "PRGAIN", "num_thresholds": 10},
    ],
    "SensitivityAtSpecificity": [{"specificity": 0.5}],
    "SpecificityAtSensitivity": [{"sensitivity": 0.5}],
    "PrecisionAtRecall": [{"recall": 0.5}],
    "RecallAtPrecision": [{"precision": 0.5}],
    "F1Score": [{}, {"average": "macro"}, {"average": "weighted", "threshold": 0.4}],
    "FBetaScore": [{"beta": 2.0, "average": "micro"}],
    "R2Score": [{}, {"class_aggregation": None}],
    "OneHotIoU": [{"num_classes": 3, "target_class_ids": [0, 2]}],
    "OneHotMeanIoU": [{"num_classes": 3}],
    "PearsonCorrelation": [{}],
    "ConcordanceCorrelation": [{}],
}


def batches() -> list[tuple[np.ndarray, np.ndarray]]:
    """Two batches of one-hot targets and probabilities."""
    draw = rng(5)
    found = []
    for _ in range(2):
        target = np.eye(3, dtype="float32")[draw.integers(0, 3, size=5)]
        found.append((target, draw.uniform(0.05, 0.95, size=(5, 3)).astype("float32")))
    return found


def follow(metric: Any, pairs: Any, weights: bool = True) -> list[Any]:
    """Results after each update, after one with weights, and after a reset."""
    found = []
    for target, prediction in pairs:
        metric.update_state(target, prediction)
        found.append(np.array(metric.result()))
    if weights:
        target, prediction = pairs[0]
        weight = np.linspace(0.0, 2.0, len(target)).astype("float32")
        metric.update_state(target, prediction, sample_weight=weight)
        found.append(np.array(metric.result()))
    found.append([np.array(v) for v in metric.variables])
    left_out = ("name", "axis", "label_weights", "thresholds")
    config = {k: v for k, v in metric.get_config().items() if k not in left_out}
    found.append(str(sorted(config.items())))
    metric.reset_state()
    found.append([np.asarray(v).sum() for v in metric.variables])
    return found


def _declare(name: str) -> None:
    def run(tf: Any) -> Any:
        make = getattr(tf.keras.metrics, name)
        integers = name.endswith("IoU")
        found = [
            follow(make(**options), batches(), weights=not integers)
            for options in ONE_HOT[name]
        ]
        return [found, make(**ONE_HOT[name][0], name="m").name]

    run.__name__ = name
    case(f"tf.keras.metrics.{name}", tolerance=1e-5)(run)


for _name in ONE_HOT:
    _declare(_name)


@case("tf.keras.metrics.Mean", "tf.keras.metrics.Sum", tolerance=1e-5)
def reductions(tf):
    found = []
    for make in (tf.keras.metrics.Mean, tf.keras.metrics.Sum):
        metric = make()
        found.append(metric.result())
        metric.update_state([1.0, 3.0])
        metric.update_state(5.0)
        found.append(metric.result())
        metric.update_state([[1.0, 2.0], [3.0, 4.0]], sample_weight=[1.0, 0.0])
        metric.update_state([1.0, 2.0], sample_weight=0.5)
        found += [metric.result(), metric([2.0]), metric.name]
    return found


@case(
    "tf.keras.metrics.Accuracy",
    "tf.keras.metrics.SparseCategoricalAccuracy",
    "tf.keras.metrics.SparseTopKCategoricalAccuracy",
    "tf.keras.metrics.SparseCategoricalCrossentropy",
    "tf.keras.metrics.MeanIoU",
    "tf.keras.metrics.IoU",
    "tf.keras.metrics.BinaryIoU",
    tolerance=1e-5,
)
def class_indices(tf):
    metrics = tf.keras.metrics
    pairs = [(np.argmax(t, -1).astype("float32"), p) for t, p in batches()]
    columns = [(t[:, None], p) for t, p in pairs]
    labels = [(t, np.argmax(p, -1)) for t, p in pairs]
    binary = [((t > 0).astype("float32"), p[:, 0]) for t, p in pairs]
    return [
        follow(metrics.Accuracy(), labels),
        follow(metrics.SparseCategoricalAccuracy(), pairs),
        follow(metrics.SparseCategoricalAccuracy(), columns),
        follow(metrics.SparseTopKCategoricalAccuracy(k=2), pairs),
        follow(metrics.SparseCategoricalCrossentropy(), pairs),
        follow(metrics.MeanIoU(num_classes=3), labels, weights=False),
        follow(metrics.IoU(num_classes=3, target_class_ids=[1]), labels, weights=False),
        follow(metrics.BinaryIoU(threshold=0.4), binary, weights=False),
    ]


@case(
    "tf.keras.metrics.binary_accuracy",
    "tf.keras.metrics.categorical_accuracy",
    "tf.keras.metrics.sparse_categorical_accuracy",
    "tf.keras.metrics.top_k_categorical_accuracy",
    "tf.keras.metrics.sparse_top_k_categorical_accuracy",
)
def functions(tf):
    metrics = tf.keras.metrics
    target, prediction = batches()[0]
    labels = np.argmax(target, -1)
    return [
        metrics.binary_accuracy(target, prediction),
        metrics.binary_accuracy(target[:, :1], prediction[:, :1], threshold=0.2),
        metrics.categorical_accuracy(target, prediction),
        metrics.sparse_categorical_accuracy(labels, prediction),
        metrics.sparse_categorical_accuracy(labels[:, None], prediction),
        metrics.top_k_categorical_accuracy(target, prediction, k=2),
        metrics.sparse_top_k_categorical_accuracy(labels, prediction, k=2),
    ]


@case("tf.keras.metrics.Metric", "tf.keras.metrics.MeanMetricWrapper", tolerance=1e-5)
def own_metrics(tf):
    class Count(tf.keras.metrics.Metric):
        def __init__(self, name="count", **kwargs):
            super().__init__(name=name, **kwargs)
            self.seen = self.add_weight(name="seen", initializer="zeros")

        def update_state(self, y_true, y_pred, sample_weight=None):
            self.seen.assign_add(tf.cast(tf.shape(y_true)[0], "float32"))

        def result(self):
            return self.seen

    target, prediction = batches()[0]
    count = Count()
    wrapped = tf.keras.metrics.MeanMetricWrapper(
        lambda t, p: tf.reduce_max(tf.abs(t - p), axis=-1), name="worst"
    )
    return [
        follow(count, batches()),
        wrapped(target, prediction),
        [v.path for v in count.variables],
        repr(count),
    ]


@case(
    "tf.keras.metrics.get", "tf.keras.metrics.serialize", "tf.keras.metrics.deserialize"
)
def get_and_bad(tf):
    metrics = tf.keras.metrics
    precision = metrics.Precision(thresholds=[0.3], name="p")
    config = metrics.serialize(precision)
    return [
        metrics.get("mse").name,
        metrics.get("Precision").name.startswith("precision"),
        config["class_name"],
        metrics.deserialize(config).get_config() == precision.get_config(),
        raises(lambda: metrics.get("nothing")),
        raises(lambda: metrics.AUC(num_thresholds=1)),
        raises(lambda: metrics.AUC(curve="round")),
        raises(lambda: metrics.Precision(thresholds=[2.0])),
        raises(lambda: metrics.F1Score(average="most")),
        raises(lambda: metrics.IoU(num_classes=2, target_class_ids=[2])),
        raises(lambda: metrics.R2Score(num_regressors=-1)),
    ]
