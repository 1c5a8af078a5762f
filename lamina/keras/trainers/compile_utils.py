"""What `compile` was given, resolved: losses and metrics for each output."""

from __future__ import annotations

from typing import Any

from lamina.engine import nest
from lamina.engine.errors import message
from lamina.keras import losses as losses_module
from lamina.keras import metrics as metrics_module
from lamina.keras.common.naming import to_snake_case
from lamina.keras.losses.base import Loss, LossFunctionWrapper
from lamina.keras.metrics.base import Metric
from lamina.keras.metrics.reductions import MeanMetricWrapper


def object_name(obj: Any) -> str:
    """The name under which a loss or metric object is reported."""
    if hasattr(obj, "name"):
        return str(obj.name)
    if hasattr(obj, "__name__"):
        return to_snake_case(obj.__name__)
    return to_snake_case(type(obj).__name__)


def binary_or_sparse(y_true: Any, y_pred: Any) -> tuple[bool, bool]:
    """Whether an output is one number per sample, or targets are class indices."""
    true, pred = tuple(y_true.shape), tuple(y_pred.shape)
    last_true = true[-1] if true else None
    last_pred = pred[-1] if pred else None
    sparse = len(true) < len(pred) or (last_true == 1 and (last_pred or 2) > 1)
    return last_pred == 1, sparse


def get_metric(identifier: Any, y_true: Any, y_pred: Any) -> Metric:
    """The metric object for an identifier; "accuracy" is chosen by the shapes.

    Raises:
        ValueError: The identifier means no metric.
    """
    if identifier is None:
        raise ValueError("Model.compile: expected a metric. Received: None.")
    if str(identifier).lower() in ("accuracy", "acc"):
        binary, sparse = binary_or_sparse(y_true, y_pred)
        kind: Any = metrics_module.CategoricalAccuracy
        if binary:
            kind = metrics_module.BinaryAccuracy
        elif sparse:
            kind = metrics_module.SparseCategoricalAccuracy
        metric = kind(name=str(identifier))
    elif str(identifier).lower() in ("crossentropy", "ce"):
        binary, sparse = binary_or_sparse(y_true, y_pred)
        kind = metrics_module.CategoricalCrossentropy
        if binary:
            kind = metrics_module.BinaryCrossentropy
        elif sparse:
            kind = metrics_module.SparseCategoricalCrossentropy
        metric = kind(name=str(identifier))
    else:
        metric = metrics_module.get(identifier)
    name = identifier if isinstance(identifier, str) else object_name(metric)
    if not isinstance(metric, Metric):
        metric = MeanMetricWrapper(metric)
    metric.name = name
    return metric


def get_loss(identifier: Any, y_true: Any, y_pred: Any) -> Loss | None:
    """The loss object for an identifier; "crossentropy" is chosen by the shapes.

    Raises:
        ValueError: The identifier means no loss.
    """
    if identifier is None:
        return None
    if str(identifier).lower() in ("crossentropy", "ce"):
        binary, sparse = binary_or_sparse(y_true, y_pred)
        loss: Any = losses_module.categorical_crossentropy
        if binary:
            loss = losses_module.binary_crossentropy
        elif sparse:
            loss = losses_module.sparse_categorical_crossentropy
    else:
        loss = losses_module.get(identifier)
    if isinstance(loss, Loss):
        return loss
    name = identifier if isinstance(identifier, str) else object_name(loss)
    return LossFunctionWrapper(loss, name=name)


def flat_outputs(y_pred: Any, output_names: list[str] | None) -> list[tuple[Any, str]]:
    """The keys and names of the outputs of a flat structure, in the model's order.

    Returns an empty list if the structure is a single output or nested deeper.
    """
    if isinstance(y_pred, dict):
        keys = list(y_pred)
        if output_names and set(keys) == set(output_names):
            keys = list(output_names)
        elif type(y_pred) is dict:
            keys = sorted(keys)
        values = [y_pred[key] for key in keys]
        names = [str(key) for key in keys]
    elif isinstance(y_pred, (list, tuple)):
        keys, values = list(range(len(y_pred))), list(y_pred)
        names = list(output_names or ())
    else:
        return []
    if any(nest.is_nested(value) for value in values):
        return []
    if len(names) != len(keys):
        names = [""] * len(keys)
    return list(zip(keys, names, strict=True))


class MetricsList(Metric):
    """The metrics of one output.

    Args:
        metrics: The metrics.
        name: Name of the list.
        output_name: Name of the output, the prefix of the reported names.
    """

    def __init__(
        self,
        metrics: list[Metric],
        name: str = "metrics_list",
        output_name: str | None = None,
    ) -> None:
        super().__init__(name=name)
        self.metrics = metrics
        self.output_name = output_name

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Updates each metric with a batch."""
        for metric in self.metrics:
            if sample_weight is None:
                metric.update_state(y_true, y_pred)
            else:
                metric.update_state(y_true, y_pred, sample_weight=sample_weight)

    def reset_state(self) -> None:
        """Resets each metric."""
        for metric in self.metrics:
            metric.reset_state()

    def get_result(self) -> dict[str, Any]:
        """The result of each metric by its name."""
        return {metric.name: metric.result() for metric in self.metrics}


class CompileMetrics(Metric):
    """The metrics of a compiled model, for all outputs.

    Args:
        metrics: Metrics without sample weights: a list for one output, a list of
            lists or a dict for several.
        weighted_metrics: Metrics with sample weights, likewise.
        name: Name of the object.
        output_names: Names of the model's outputs.

    Raises:
        ValueError: The metrics do not fit the outputs.
    """

    def __init__(
        self,
        metrics: Any,
        weighted_metrics: Any,
        name: str = "compile_metrics",
        output_names: list[str] | None = None,
    ) -> None:
        super().__init__(name=name)
        for label, value in (
            ("metrics", metrics),
            ("weighted_metrics", weighted_metrics),
        ):
            if value and not isinstance(value, (list, tuple, dict)):
                raise ValueError(
                    message(
                        "Model.compile",
                        expected=f"Expected `{label}` argument to be a list, tuple, or "
                        "dict",
                        received=f"{label}={value!r} of type {type(value)}",
                        hint=f"Write {label}=[...].",
                    )
                )
        self._user_metrics = metrics
        self._user_weighted_metrics = weighted_metrics
        self.built = False
        self.output_names = output_names
        self._keys: list[Any] = []
        self._lists: list[list[MetricsList | None]] = [[], []]

    @property
    def metrics(self) -> list[Metric]:
        """All metric objects, those without weights first."""
        if not self.built:
            return []
        return [m for group in self._lists for one in group if one for m in one.metrics]

    @property
    def variables(self) -> list[Any]:
        """The state of all metrics."""
        return [v for metric in self.metrics for v in metric.variables]

    def build(self, y_true: Any, y_pred: Any) -> None:
        """Resolves the metrics for outputs of these shapes."""
        outputs = flat_outputs(y_pred, self.output_names)
        self._keys = [key for key, _ in outputs]
        made = [
            self._resolve(user, y_true, y_pred, outputs, label)
            for user, label in (
                (self._user_metrics, "metrics"),
                (self._user_weighted_metrics, "weighted_metrics"),
            )
        ]
        object.__setattr__(self, "_lists", made)
        self.built = True

    def _resolve(
        self, user: Any, y_true: Any, y_pred: Any, outputs: Any, label: str
    ) -> list[MetricsList | None]:
        preds, trues = self._flatten(y_pred), self._flatten(y_true)
        if not user:
            return [None] * len(preds)
        if len(preds) == 1:
            found = [m for m in nest.flatten(user) if m is not None]
            metrics = [get_metric(m, trues[0], preds[0]) for m in found]
            return [MetricsList(metrics)]
        names = [name for _, name in outputs] or [""] * len(preds)
        per_output = self._per_output(user, y_pred, outputs, len(preds), label)
        if len(trues) != len(preds):
            raise self._misfit(user, y_pred, label)
        made: list[MetricsList | None] = []
        for one, true, pred, name in zip(per_output, trues, preds, names, strict=True):
            if one is None:
                made.append(None)
                continue
            listed = list(one) if isinstance(one, (list, tuple)) else [one]
            try:
                metrics = [get_metric(m, true, pred) for m in listed]
            except ValueError as error:
                raise ValueError(f"{error}\nReceived: {label}={user}") from error
            made.append(MetricsList(metrics, output_name=name or None))
        return made

    def _per_output(
        self, user: Any, y_pred: Any, outputs: Any, count: int, label: str
    ) -> list[Any]:
        names = [name for _, name in outputs]
        if isinstance(user, (list, tuple)) and outputs and len(user) == count:
            return list(user)
        if isinstance(user, dict) and outputs and set(user) <= set(names):
            return [user.get(name) for name in names]
        if outputs:
            raise self._misfit(user, y_pred, label)
        try:
            return list(nest.flatten_up_to(y_pred, user))
        except (ValueError, TypeError, KeyError) as error:
            raise self._misfit(user, y_pred, label) from error

    def _misfit(self, user: Any, y_pred: Any, label: str) -> ValueError:
        shape = nest.map_structure(lambda _: "X", y_pred)
        names = f" (outputs {self.output_names})" if self.output_names else ""
        return ValueError(
            message(
                "Model.compile",
                expected=f"`{label}` should contain metrics objects and either be a "
                "dict or a list matching the output names of the model, or match its "
                f"output structure: {shape}{names}",
                received=f"Invalid `{label}`: {label}={user}",
                hint=f"For several outputs write {label}={{output_name: [...]}}.",
            )
        )

    def _flatten(self, y: Any) -> list[Any]:
        if isinstance(y, dict) and self._keys and set(self._keys) <= set(y):
            return [y[key] for key in self._keys]
        if isinstance(y, dict) and self.output_names:
            if set(self.output_names) == set(y):
                return [y[name] for name in self.output_names]
        return nest.flatten(y)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Updates all metrics with a batch.

        Args:
            y_true: Targets, in the structure of the outputs.
            y_pred: Predictions.
            sample_weight: Weights of samples, one for all outputs or one for each.
        """
        if not self.built:
            self.build(y_true, y_pred)
        trues, preds = self._flatten(y_true), self._flatten(y_pred)
        weights = [None] if sample_weight is None else self._flatten(sample_weight)
        if len(weights) < len(trues):
            weights = [weights[0]] * len(trues)
        plain, weighted = self._lists
        for one, true, pred in zip(plain, trues, preds, strict=False):
            if one:
                one.update_state(true, pred)
        for one, true, pred, weight in zip(
            weighted, trues, preds, weights, strict=False
        ):
            if one:
                one.update_state(true, pred, weight)

    def reset_state(self) -> None:
        """Resets all metrics."""
        for metric in self.metrics:
            metric.reset_state()

    def result(self) -> dict[str, Any]:
        """All results by their reported names.

        Raises:
            ValueError: Nothing was added yet.
        """
        if not self.built:
            raise ValueError(
                "Cannot get result() since the metric has not yet been built. Train or "
                "evaluate the model on a batch first."
            )
        results: dict[str, Any] = {}
        used: dict[str, int] = {}
        for number, group in enumerate(self._lists):
            for one in group:
                for metric in one.metrics if one else ():
                    name = self._free_name(one, metric.name, used, bool(number))
                    results[name] = metric.result()
        return results

    @staticmethod
    def _free_name(
        one: Any, metric_name: str, used: dict[str, int], weighted: bool
    ) -> str:
        """A name that no other metric has, marked by output and weights if need be."""

        def prefixed(name: str) -> str:
            return f"{one.output_name}_{name}" if one.output_name else name

        name = prefixed(metric_name)
        if name not in used:
            used[name] = 1
            return name
        if weighted:
            name = prefixed(f"weighted_{metric_name}")
            if name not in used:
                used[name] = 1
                return name
        used[name] += 1
        return f"{name}_{used[name] - 1}"
