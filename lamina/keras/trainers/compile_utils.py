"""What `compile` was given, resolved: losses and metrics for each output."""

from __future__ import annotations

from typing import Any

from lamina.engine import nest
from lamina.engine.errors import message
from lamina.engine.graph import KerasTensor
from lamina.engine.tensor import Tensor
from lamina.keras import losses as losses_module
from lamina.keras import metrics as metrics_module
from lamina.keras.common.naming import to_snake_case
from lamina.keras.losses.base import Loss, LossFunctionWrapper
from lamina.keras.losses.squeezing import to_dtype
from lamina.keras.metrics.base import Metric
from lamina.keras.metrics.reductions import Mean, MeanMetricWrapper


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


class CompileLoss(Loss):
    """The loss of a compiled model: the weighted sum over its outputs.

    Args:
        loss: A loss for all outputs, or a list, dict or nest of losses.
        loss_weights: A weight for each loss.
        reduction: Unused here; each loss has its own.
        output_names: Names of the model's outputs.

    Raises:
        ValueError: Losses, weights and outputs do not fit together.
    """

    def __init__(
        self,
        loss: Any,
        loss_weights: Any = None,
        reduction: str | None = "sum_over_batch_size",
        output_names: list[str] | None = None,
    ) -> None:
        if loss_weights and not isinstance(
            loss_weights, (list, tuple, dict, float, int)
        ):
            raise ValueError(
                message(
                    "Model.compile",
                    expected="Expected `loss_weights` argument to be a float (single "
                    "output case) or a list, tuple, or dict (multiple output case)",
                    received=f"loss_weights={loss_weights!r} of type "
                    f"{type(loss_weights)}",
                    hint="Give one number per output.",
                )
            )
        super().__init__(name="compile_loss", reduction=reduction)
        self._user_loss = loss
        self._user_loss_weights = loss_weights
        self.output_names = output_names
        self.built = False
        self._entries: list[_Entry] = []
        self._metrics: list[Mean] = []

    @property
    def metrics(self) -> list[Mean]:
        """The running means of the single losses, if there are several."""
        return self._metrics

    @property
    def variables(self) -> list[Any]:
        """The state of these means."""
        return [v for metric in self._metrics for v in metric.variables]

    def build(self, y_true: Any, y_pred: Any) -> None:
        """Resolves the losses for outputs of these shapes."""
        names = self.output_names or _symbolic_names(y_pred)
        loss, weights = self._by_output(y_pred, names)
        self._entries = []
        self._add(loss, weights, y_true, y_pred, (), names)
        if len(self._entries) > 1:
            self._metrics = [Mean(name=f"{entry.name}_loss") for entry in self._entries]
        self.built = True

    def _by_output(self, y_pred: Any, names: list[str] | None) -> tuple[Any, Any]:
        """Losses and weights given by output name, put into the outputs' order."""
        loss, weights = self._user_loss, self._user_loss_weights
        if isinstance(loss, dict) and not isinstance(y_pred, dict):
            if not names or set(names) != set(loss):
                raise ValueError(
                    message(
                        "Model.compile",
                        expected=f"Expected keys {names} in loss dict",
                        received=f"found loss.keys()={list(loss)}",
                        hint="Name each output's loss by the name of its layer.",
                    )
                )
            loss = [loss[name] for name in names]
            if isinstance(weights, dict):
                weights = [weights.get(name) for name in names]
            if not nest.is_nested(y_pred):
                loss = loss[0]
                weights = nest.flatten(weights)[0] if weights is not None else None
        elif isinstance(weights, dict) and not isinstance(y_pred, dict) and names:
            if set(weights) <= set(names):
                weights = [weights.get(name) for name in names]
        if weights is not None and not nest.is_nested(loss):
            flat = nest.flatten(weights)
            outputs = len(nest.flatten(y_pred))
            if len(flat) == 1 and outputs == 1:
                weights = flat[0]
            elif len(flat) != outputs:
                raise _wrong_weights(1, len(flat))
        elif weights is not None:
            losses, flat = nest.flatten(loss), nest.flatten(weights)
            if len(losses) != len(flat):
                raise _wrong_weights(len(losses), len(flat))
        return loss, weights

    def _add(
        self,
        loss: Any,
        weight: Any,
        y_true: Any,
        y_pred: Any,
        path: tuple[Any, ...],
        names: list[str] | None,
    ) -> None:
        """Adds the entries of one part of the structure."""
        if loss is None:
            return
        if not nest.is_nested(y_pred):
            if nest.is_nested(loss):
                self._add_several(loss, weight, y_true, y_pred, path, names)
            else:
                found = get_loss(loss, y_true, y_pred)
                name = self._entry_name(path, found, names)
                self._entries.append(_Entry(path, found, weight, name))
            return
        flat = nest.flatten(y_pred)
        if not nest.is_nested(loss):
            loss = nest.map_structure(lambda _: loss, y_pred)
        elif (
            isinstance(loss, (list, tuple))
            and not any(map(nest.is_nested, loss))
            and len(loss) == len(flat)
        ):
            if isinstance(y_pred, dict):
                ordered = flat_outputs(y_pred, self.output_names)
                keys = [key for key, _ in ordered]
                loss = dict(zip(keys, loss, strict=True)) if keys else loss
                if isinstance(weight, (list, tuple)) and keys:
                    weight = dict(zip(keys, weight, strict=True))
            else:
                loss = nest.pack_sequence_as(y_pred, list(loss))
        if weight is not None:
            weight = _weights_like(loss, weight)
        self._add_children(loss, weight, y_true, y_pred, path, names)

    def _add_several(
        self, loss: Any, weight: Any, y_true: Any, y_pred: Any, path: Any, names: Any
    ) -> None:
        """Several losses for one output."""
        losses = nest.flatten(loss)
        weights = [None] * len(losses) if weight is None else nest.flatten(weight)
        if len(losses) > 1 and path == () and isinstance(loss, dict):
            raise _not_found(path, "either the model's output (`y_pred`)")
        for one, share in zip(losses, weights, strict=True):
            self._add(one, share, y_true, y_pred, path, names)

    def _add_children(
        self, loss: Any, weight: Any, y_true: Any, y_pred: Any, path: Any, names: Any
    ) -> None:
        if isinstance(loss, dict) != isinstance(y_pred, dict):
            raise _not_found(path, "the model's output (`y_pred`)")
        items = loss.items() if isinstance(loss, dict) else enumerate(loss)
        for key, one in items:
            if one is None:
                continue
            for part, what in ((y_pred, "(`y_pred`)"), (y_true, "(`y_true`)")):
                if not _has(part, key):
                    raise _not_found((*path, key), f"the model's outputs {what}")
            share = None if weight is None else weight[key]
            self._add(one, share, y_true[key], y_pred[key], (*path, key), names)

    def _entry_name(self, path: tuple[Any, ...], loss: Any, names: Any) -> str:
        """The reported name: the output's, or the loss's if it has none."""
        if not path:
            return str(names[0]) if names and len(names) == 1 else str(loss.name)
        if isinstance(path[-1], int):
            known = names and len(path) == 1 and path[0] < len(names)
            last = names[path[0]] if known else loss.name
            path = (*path[:-1], last)
        return "/".join(map(str, path))

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """The total loss of a batch, a scalar; None if no output has a loss."""
        return self.call(y_true, y_pred, sample_weight)

    def call(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """The total loss of a batch, a scalar; None if no output has a loss."""
        y_true = self._match(y_true, y_pred)
        if not self.built:
            self.build(y_true, y_pred)
        total = None
        metrics = self._metrics or [None] * len(self._entries)
        for entry, metric in zip(self._entries, metrics, strict=True):
            true, pred = _at(y_true, entry.path), _at(y_pred, entry.path)
            weight = self._weight_at(sample_weight, y_pred, entry.path)
            value = entry.loss(true, pred, weight)
            if not isinstance(value, Tensor) or value.dtype != self.dtype:
                value = to_dtype(value, self.dtype)
            if metric is not None:
                count = pred.shape[0] if len(pred.shape) else 1
                metric.update_state(value, sample_weight=count)
            if entry.weight is not None:
                value = value * entry.weight
            total = value if total is None else total + value
        return total

    def _weight_at(self, weight: Any, y_pred: Any, path: tuple[Any, ...]) -> Any:
        if weight is None or not nest.is_nested(weight):
            return weight
        try:
            return _at(weight, path)
        except (KeyError, IndexError, TypeError):
            flat = nest.flatten(weight)
            paths = [found for found, _ in nest.flatten_with_paths(y_pred)]
            return flat[paths.index(path)] if len(flat) == len(paths) else flat[0]

    def _match(self, y_true: Any, y_pred: Any) -> Any:
        """The targets in the structure of the predictions."""
        if not nest.is_nested(y_true) and not nest.is_nested(y_pred):
            return y_true
        names = self.output_names
        if not nest.is_nested(y_pred):
            if isinstance(y_true, dict) and names and set(names) == set(y_true):
                return y_true[names[0]]
            flat = nest.flatten(y_true)
            if len(flat) == 1:
                return flat[0]
            raise _different(y_true, y_pred)
        if not nest.is_nested(y_true):
            return nest.pack_sequence_as(y_pred, [y_true] * self._count_targets(y_pred))
        if isinstance(y_pred, dict):
            if isinstance(y_true, dict) and set(y_true) == set(y_pred):
                return y_true
            keys = [key for key, _ in flat_outputs(y_pred, names)]
            if not isinstance(y_true, dict) and keys and len(keys) == len(y_true):
                return dict(zip(keys, y_true, strict=True))
        elif isinstance(y_true, dict) and names and set(names) == set(y_true):
            return [y_true[name] for name in names]
        flat, outputs = nest.flatten(y_true), nest.flatten(y_pred)
        if len(flat) == len(outputs) and not isinstance(y_true, dict):
            return nest.pack_sequence_as(y_pred, flat)
        return self._match_partly(y_true, y_pred, flat)

    def _count_targets(self, y_pred: Any) -> int:
        count = len(nest.flatten(y_pred))
        if count != 1:
            raise _different("*", y_pred)
        return count

    def _match_partly(self, y_true: Any, y_pred: Any, flat: list[Any]) -> Any:
        """Targets for those outputs only that have a loss."""
        loss = self._user_loss
        if isinstance(y_true, dict) and isinstance(y_pred, dict):
            wanted = set(loss) if isinstance(loss, dict) else set(y_pred)
            if wanted <= set(y_true):
                return y_true
        losses = nest.flatten(loss)
        if isinstance(loss, dict) and self.output_names:
            losses = [loss.get(name) for name in self.output_names]
        present = [i for i, one in enumerate(losses) if one is not None]
        if len(losses) != len(nest.flatten(y_pred)) or len(present) != len(flat):
            raise _different(y_true, y_pred)
        filled: list[Any] = [None] * len(losses)
        for index, value in zip(present, flat, strict=True):
            filled[index] = value
        return nest.pack_sequence_as(y_pred, filled)


class _Entry:
    """The loss of one output."""

    __slots__ = ("loss", "name", "path", "weight")

    def __init__(
        self, path: tuple[Any, ...], loss: Any, weight: Any, name: str
    ) -> None:
        self.path = path
        self.loss = loss
        self.weight = weight
        self.name = name


def _at(structure: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        structure = structure[key]
    return structure


def _has(structure: Any, key: Any) -> bool:
    if isinstance(structure, dict):
        return key in structure
    return (
        isinstance(structure, (list, tuple))
        and isinstance(key, int)
        and key < len(structure)
    )


def _weights_like(loss: Any, weights: Any) -> Any:
    """Weights in the structure of the losses."""
    if isinstance(loss, dict) and isinstance(weights, dict):
        return {key: weights.get(key) for key in loss}
    return nest.pack_sequence_as(loss, nest.flatten(weights))


def _symbolic_names(y_pred: Any) -> list[str] | None:
    flat = nest.flatten(y_pred)
    if isinstance(y_pred, dict) or not flat:
        return None
    if not all(isinstance(tensor, KerasTensor) for tensor in flat):
        return None
    histories = [getattr(tensor, "_keras_history", None) for tensor in flat]
    return [
        str(history[0].name if history else tensor.name)
        for tensor, history in zip(flat, histories, strict=True)
    ]


def _wrong_weights(losses: int, weights: int) -> ValueError:
    return ValueError(
        message(
            "Model.compile",
            expected="`loss_weights` must match the number of losses",
            received=f"got {losses} losses and {weights} weights",
            hint="Give one weight per output that has a loss.",
        )
    )


def _not_found(path: Any, where: str) -> KeyError:
    return KeyError(
        message(
            "Model.compile",
            expected="losses in the structure of the model's outputs",
            received=f"The path: {path} in the `loss` argument, can't be found in "
            f"{where} or in the labels (`y_true`)",
            hint="Name each output's loss by its key.",
        )
    )


def _different(y_true: Any, y_pred: Any) -> ValueError:
    true, pred = (nest.map_structure(lambda _: "*", y) for y in (y_true, y_pred))
    return ValueError(
        message(
            "Model.compute_loss",
            expected="targets in the structure of the model's outputs",
            received="y_true and y_pred have different structures.\n"
            f"y_true: {true}\ny_pred: {pred}",
            hint="Give one target per output, in the outputs' order or by their names.",
        )
    )
