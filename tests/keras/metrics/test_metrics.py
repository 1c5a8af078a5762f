"""Metrics: state on the device, stateless use, merging, configs."""

import numpy as np
import pytest

import lamina as tf

metrics = tf.keras.metrics


def test_a_traced_update_equals_the_eager_one() -> None:
    first, second = metrics.AUC(num_thresholds=10), metrics.AUC(num_thresholds=10)
    step = tf.function(lambda t, p: second.update_state(t, p))
    for seed in range(2):
        draw = np.random.default_rng(seed)
        target, prediction = draw.integers(0, 2, 8), draw.uniform(size=8)
        first.update_state(target, prediction)
        step(target, prediction)
    np.testing.assert_allclose(first.result().numpy(), second.result().numpy())


def test_stateless_use_changes_nothing() -> None:
    metric = metrics.Mean()
    state = metric.stateless_reset_state()
    state = metric.stateless_update_state(state, [2.0, 4.0])
    assert float(metric.stateless_result(state)) == 3.0
    assert float(metric.result()) == 0.0


def test_states_merge() -> None:
    first, second = metrics.Sum(), metrics.Sum()
    first.update_state([1.0, 2.0])
    second.update_state([5.0])
    first.merge_state([second])
    assert float(first.result()) == 8.0
    with pytest.raises(ValueError, match="same variables"):
        first.merge_state([metrics.Mean()])


def test_keras_2_weights() -> None:
    class Count(metrics.Metric):
        def __init__(self) -> None:
            super().__init__()
            self.seen = self.add_weight("seen", initializer="zeros")

        def update_state(self, y_true, y_pred, sample_weight=None) -> None:
            self.seen.assign_add(1.0)

        def result(self):
            return self.seen.value

    metric = Count()
    assert float(metric([0], [0])) == 1.0
    metric.reset_states()
    assert float(metric.result()) == 0.0


@pytest.mark.parametrize(
    "metric",
    [
        lambda: metrics.Precision(thresholds=[0.2, 0.4], top_k=2),
        lambda: metrics.AUC(curve="PR", thresholds=[0.2, 0.4]),
        lambda: metrics.MeanIoU(num_classes=3, ignore_class=1),
        lambda: metrics.F1Score(average="macro", threshold=0.5),
        lambda: metrics.SensitivityAtSpecificity(0.25, num_thresholds=7),
        lambda: metrics.TopKCategoricalAccuracy(k=3),
        lambda: metrics.MeanMetricWrapper(tf.keras.losses.mean_squared_error, "m"),
    ],
)
def test_configs_round_trip(metric: object) -> None:
    made = metric()  # type: ignore[operator]
    again = metrics.deserialize(metrics.serialize(made))
    assert again.get_config() == made.get_config()


def test_wrong_shapes_are_explained() -> None:
    with pytest.raises(ValueError, match="Shapes of targets and predictions"):
        metrics.Precision().update_state(np.ones((2, 3)), np.ones((2, 2)))
    with pytest.raises(ValueError, match="one target per prediction"):
        metrics.SparseCategoricalAccuracy().update_state([1, 2, 3], np.ones((2, 2)))


@pytest.mark.parametrize("name", ["FBetaScore", "F1Score", "R2Score"])
def test_scores_without_a_batch(name: str) -> None:
    metric = getattr(metrics, name)()
    metric.reset_state()
    with pytest.raises(AttributeError, match=f"{name}.result: expected a metric that"):
        metric.result()


@pytest.mark.parametrize(
    ("name", "arguments", "error"),
    [
        ("FBetaScore", {"beta": (1.0, 2.0)}, ValueError),
        ("FBetaScore", {"average": np.array(["micro", "macro"])}, ValueError),
        ("FBetaScore", {"threshold": np.array([0.5, 0.6])}, ValueError),
        ("R2Score", {"class_aggregation": np.array(["a", "b"])}, ValueError),
        ("R2Score", {"num_regressors": (1,)}, TypeError),
        ("R2Score", {"num_regressors": -1}, ValueError),
    ],
)
def test_arguments_of_scores(name: str, arguments: dict, error: type) -> None:
    text = f"keras.metrics.{name}: expected `{next(iter(arguments))}`"
    with pytest.raises(error, match=text):
        getattr(metrics, name)(**arguments)


@pytest.mark.parametrize("weight", [2.0, np.ones((3, 1))])
def test_weights_of_f_scores(weight: object) -> None:
    y = np.eye(3)
    with pytest.raises(ValueError, match=r"`sample_weight` of shape \(B,\)"):
        metrics.F1Score().update_state(y, y, weight)
