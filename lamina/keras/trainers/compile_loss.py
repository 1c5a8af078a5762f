"""The losses of a compiled model, found for each output and added up."""

from __future__ import annotations

from typing import Any

from lamina.engine import nest
from lamina.engine.errors import message
from lamina.engine.graph import KerasTensor
from lamina.engine.tensor import Tensor
from lamina.keras.losses.base import Loss
from lamina.keras.losses.squeezing import to_dtype
from lamina.keras.metrics.reductions import Mean
from lamina.keras.trainers.compile_utils import flat_outputs, get_loss


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
        if loss is not None and not nest.is_nested(loss):
            loss = nest.map_structure(lambda _: loss, y_pred)
            if weights is not None:
                weights = _weights_like(loss, weights)
        self._add(loss, weights, y_true, y_pred, (), _names_like(y_pred, names))
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
        names: Any,
    ) -> None:
        """Adds the entries of one part of the structure.

        One loss takes the part as a whole, whatever its structure. A list of losses
        in another structure than the part's means several losses for the whole.
        """
        if loss is None:
            return
        if not nest.is_nested(loss):
            found = get_loss(loss, y_true, y_pred)
            name = _entry_name(path, found, names)
            self._entries.append(_Entry(path, found, weight, name))
            return
        if isinstance(loss, (list, tuple)):
            flat = not any(map(nest.is_nested, loss))
            if flat and len(loss) == len(nest.flatten(y_pred)):
                loss, weight = self._pack(loss, weight, y_pred)
                if not nest.is_nested(loss):
                    self._add(loss, weight, y_true, y_pred, path, names)
                    return
            elif not isinstance(y_pred, type(loss)):
                shares = [None] * len(loss)
                if weight is not None:
                    shares = _weights_like(loss, weight)
                for one, share in zip(loss, shares, strict=True):
                    self._add(one, share, y_true, y_pred, path, names)
                return
        if weight is not None:
            weight = _weights_like(loss, weight)
        self._add_children(loss, weight, y_true, y_pred, path, names)

    def _pack(self, loss: Any, weight: Any, y_pred: Any) -> tuple[Any, Any]:
        """A flat list of losses, and of their weights, in the outputs' structure."""
        weights = None if weight is None else nest.flatten(weight)
        keys = []
        if isinstance(y_pred, dict):
            keys = [key for key, _ in flat_outputs(y_pred, self.output_names)]
        if keys:
            loss = dict(zip(keys, loss, strict=True))
            if weights is not None:
                weight = dict(zip(keys, weights, strict=True))
            return loss, weight
        if weights is not None:
            weight = nest.pack_sequence_as(y_pred, weights)
        return nest.pack_sequence_as(y_pred, list(loss)), weight

    def _add_children(
        self, loss: Any, weight: Any, y_true: Any, y_pred: Any, path: Any, names: Any
    ) -> None:
        if isinstance(loss, dict) != isinstance(y_pred, dict):
            raise _not_found(path)
        items = loss.items() if isinstance(loss, dict) else enumerate(loss)
        for key, one in items:
            if one is None:
                continue
            if not (_has(y_pred, key) and _has(y_true, key)):
                raise _not_found((*path, key))
            share = None if weight is None else weight[key]
            part = (*path, key)
            self._add(one, share, y_true[key], y_pred[key], part, names[key])

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """The total loss of a batch, a scalar; None if no output has a loss."""
        return self.call(y_true, y_pred, sample_weight)

    def call(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """The total loss of a batch, a scalar; None if no output has a loss."""
        y_true = self._match(y_true, y_pred)
        if not self.built:
            self.build(y_true, y_pred)
        total = None
        metrics: list[Any] = self._metrics or [None] * len(self._entries)
        for entry, metric in zip(self._entries, metrics, strict=True):
            true, pred = _at(y_true, entry.path), _at(y_pred, entry.path)
            weight = self._weight_at(sample_weight, y_pred, entry.path)
            value = entry.loss(true, pred, weight)
            if not isinstance(value, Tensor) or value.dtype != self.dtype:
                value = to_dtype(value, self.dtype)
            if metric is not None:
                shape = nest.flatten(pred)[0].shape
                count = shape[0] if len(shape) else 1
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


def _names_like(y_pred: Any, names: list[str] | None) -> Any:
    """The outputs' names in the structure of the outputs; None for unnamed ones."""
    count = len(nest.flatten(y_pred))
    if names is None or len(names) != count:
        names = _symbolic_names(y_pred) or [None] * count
    return nest.pack_sequence_as(y_pred, names)


def _entry_name(path: tuple[Any, ...], loss: Any, names: Any) -> str:
    """The reported name: the output's, or the loss's if it has none."""
    if not nest.is_nested(names):
        last = loss.name if names is None else names
        if not path or isinstance(path[-1], int):
            path = (*path[:-1], last)
    elif not path:
        parts = list(names) if isinstance(names, dict) else nest.flatten(names)
        return "_".join(str(part) for part in parts)
    return "/".join(map(str, path))


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


def _symbolic_names(y_pred: Any) -> list[Any] | None:
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


def _not_found(path: Any) -> KeyError:
    return KeyError(
        message(
            "Model.compile",
            expected="losses in the structure of the model's outputs",
            received=f"The path: {path} in the `loss` argument, can't be found in "
            "either the model's output (`y_pred`) or in the labels (`y_true`)",
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
