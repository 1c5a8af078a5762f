"""What `compile` sets up: the optimizer, the losses, the metrics, and the steps."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina.engine import nest
from lamina.engine.graph import KerasTensor, abstract_call
from lamina.engine.kernel import Kernel, execute
from lamina.engine.tensor import Tensor, convert_to_tensor
from lamina.keras.common.tracking import no_automatic_dependency_tracking
from lamina.keras.config import floatx
from lamina.keras.metrics.reductions import Mean
from lamina.keras.optimizers import lookup as optimizer_lookup
from lamina.keras.optimizers.base import Optimizer
from lamina.keras.optimizers.loss_scale import LossScaleOptimizer
from lamina.keras.saving.serialization import (
    deserialize_keras_object,
    serialize_keras_object,
)
from lamina.keras.trainers.compile_loss import CompileLoss
from lamina.keras.trainers.compile_utils import CompileMetrics
from lamina.keras.trainers.loops import StepRunner
from lamina.keras.trainers.packing import unpack_x_y_sample_weight

_SUM = Kernel("sum of losses", lambda *losses: sum(losses))
_AS_LOSS: dict[str, Kernel] = {}


class Compiling:
    """`compile`, the losses and metrics that it makes, and their part of a step."""

    if TYPE_CHECKING:  # given by the layer that a model is
        built: bool
        name: str
        _metrics: list[Any]

        @property
        def trainable_variables(self) -> list[Any]: ...
        def __call__(self, *args: Any, **kwargs: Any) -> Any: ...

    @no_automatic_dependency_tracking
    def __init__(self) -> None:
        self._lock = False
        self._run_eagerly = False
        self._jit_compile: Any = None
        self.compiled = False
        self.loss: Any = None
        self.steps_per_execution: Any = 1
        self._initial_epoch: int | None = None
        self._compute_loss_has_training_arg = True
        self._compile_loss: CompileLoss | None = None
        self._compile_metrics: CompileMetrics | None = None
        self._loss_tracker: Mean | None = None
        self._compile_args: dict[str, Any] | None = None
        self._runners: dict[str, StepRunner] = {}
        self.optimizer: Any = None

    @no_automatic_dependency_tracking
    def compile(
        self,
        optimizer: Any = "rmsprop",
        loss: Any = None,
        loss_weights: Any = None,
        metrics: Any = None,
        weighted_metrics: Any = None,
        run_eagerly: bool = False,
        steps_per_execution: int | str = 1,
        jit_compile: bool | str = "auto",
        auto_scale_loss: bool = True,
    ) -> None:
        """Configures the model for training.

        Args:
            optimizer: a name or an `Optimizer`; None for a model that trains itself.
            loss: a name, a `Loss`, a function of `(y_true, y_pred)`, or a list or
                dictionary of these for several outputs.
            loss_weights: weights of the outputs' losses.
            metrics: names, `Metric`s or functions, per output if it is nested.
            weighted_metrics: the same, evaluated with `sample_weight`.
            run_eagerly: whether steps run op by op, for debugging.
            steps_per_execution: steps per dispatch. With 1 (and `"auto"`) Lamina
                chooses by itself when no callback looks at single batches.
            jit_compile: kept for introspection: XLA compiles every step.
            auto_scale_loss: whether a `mixed_float16` model gets a
                `LossScaleOptimizer`.

        Reference: `keras.Model.compile`.
        """
        made = optimizer_lookup.get(optimizer) if optimizer is not None else None
        policy = getattr(self, "dtype_policy", None)
        if (
            auto_scale_loss
            and policy is not None
            and policy.name == "mixed_float16"
            and made is not None
            and not isinstance(made, LossScaleOptimizer)
        ):
            made = LossScaleOptimizer(made, name="loss_scale_optimizer")
        self.optimizer = made
        self._loss_tracker = Mean(name="loss")
        names = getattr(self, "output_names", None)
        self._compile_loss = (
            CompileLoss(loss, loss_weights, output_names=names)
            if loss is not None
            else None
        )
        self.loss = loss
        self._compile_metrics = (
            CompileMetrics(metrics, weighted_metrics, output_names=names)
            if metrics is not None or weighted_metrics is not None
            else None
        )
        if jit_compile == "auto":
            jit_compile = not run_eagerly
        self._jit_compile = jit_compile
        self._run_eagerly = run_eagerly
        self.steps_per_execution = steps_per_execution
        self.stop_training = False
        self.compiled = True
        self._runners = {}
        self._compile_args = {
            "optimizer": optimizer if optimizer is None else self.optimizer,
            "loss": loss,
            "loss_weights": loss_weights,
            "metrics": metrics,
            "weighted_metrics": weighted_metrics,
            "run_eagerly": run_eagerly,
            "steps_per_execution": steps_per_execution,
            "jit_compile": jit_compile,
        }

    @property
    def jit_compile(self) -> bool:
        """Whether steps are compiled."""
        return bool(self._jit_compile if self._jit_compile is not None else True)

    @jit_compile.setter
    def jit_compile(self, value: bool) -> None:
        self._jit_compile = value

    @property
    def run_eagerly(self) -> bool:
        """Whether steps run op by op."""
        return self._run_eagerly

    @run_eagerly.setter
    def run_eagerly(self, value: bool) -> None:
        self._run_eagerly = value
        self._runners = {}

    # ------------------------------------------------------ metrics

    @property
    def metrics(self) -> list[Any]:
        """The loss tracker, the metrics of `compile` and the tracked metrics."""
        found: list[Any] = []
        if self.compiled:
            found.append(self._loss_tracker)
            if self._compile_metrics is not None:
                found.append(self._compile_metrics)
            if self._compile_loss is not None:
                found += self._compile_loss.metrics
        found += self._metrics
        for layer in self._flatten_layers(include_self=False):  # type: ignore[attr-defined]
            found += layer._metrics
        return list({id(metric): metric for metric in found}.values())

    @property
    def metrics_names(self) -> list[str]:
        """The names of `metrics`."""
        return [metric.name for metric in self.metrics]

    @property
    def metrics_variables(self) -> list[Any]:
        """The variables of `metrics`."""
        return [variable for metric in self.metrics for variable in metric.variables]

    def reset_metrics(self) -> None:
        """Sets every metric back to its start."""
        for metric in self.metrics:
            metric.reset_state()

    def get_metrics_result(self) -> dict[str, Any]:
        """The metrics' current results by name."""
        results: dict[str, Any] = {}
        for metric in self.metrics:
            result = metric.result()
            results.update(
                result if isinstance(result, dict) else {metric.name: result}
            )
        return results

    # ------------------------------------------------------ losses

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        """The scalar that is minimised: the compiled loss plus the layers' losses.

        Args:
            x: the inputs.
            y: the targets.
            y_pred: what the model gave for `x`.
            sample_weight: a weight per sample.
            training: whether the model is being trained.

        Returns:
            A scalar tensor.

        Raises:
            ValueError: if there is no loss.

        Reference: `keras.Model.compute_loss`. Override it for a loss of your own.
        """
        losses = []
        if self._compile_loss is not None:
            loss = self._compile_loss(y, y_pred, sample_weight)
            if loss is not None:
                losses.append(convert_to_tensor(loss))
        losses += [_as_loss(loss) for loss in self.losses]  # type: ignore[attr-defined]
        if not losses:
            raise ValueError(
                "No loss to compute. Provide a `loss` argument in `compile()`, or use "
                "`add_loss` in a layer."
            )
        if len(losses) == 1:
            return losses[0]
        return execute(_SUM, [_as_loss(loss) for loss in losses])

    def _loss_of(
        self, x: Any, y: Any, y_pred: Any, sample_weight: Any, training: bool
    ) -> Any:
        """Calls `compute_loss`, which in older code has no `training`."""
        named = {"x": x, "y": y, "y_pred": y_pred, "sample_weight": sample_weight}
        if "training" in inspect.signature(self.compute_loss).parameters:
            named["training"] = training
        return self.compute_loss(**named)

    def _track_loss(self, loss: Any, x: Any) -> None:
        """Adds a batch's loss to the running mean, weighted by the batch's size."""
        leaves = [leaf for leaf in nest.flatten(x) if leaf is not None]
        size = leaves[0].shape[0] if leaves and leaves[0].shape.rank else 1
        assert self._loss_tracker is not None
        self._loss_tracker.update_state(loss, sample_weight=float(size or 1))

    def compute_metrics(
        self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None
    ) -> dict[str, Any]:
        """Updates the compiled metrics and gives all results.

        Reference: `keras.Model.compute_metrics`. Override it for metrics of your own.
        """
        del x
        if self._compile_metrics is not None:
            self._compile_metrics.update_state(y, y_pred, sample_weight)
        return self.get_metrics_result()

    # ------------------------------------------------------ building

    def _prepare_step(self, batch: Any) -> None:
        """Makes all variables before a step is traced, so that it is traced once.

        A model that replaces parts of the step makes its own on the way instead.
        """
        own = (Compiling, "compute_loss"), (Compiling, "compute_metrics")
        if any(is_overridden(self, name, base) for base, name in own):
            return
        try:
            self._symbolic_build(data_batch=batch)
        except (NotImplementedError, TypeError, ValueError):
            return  # tracing meets the same error and tells where it is

    def _symbolic_build(self, iterator: Any = None, data_batch: Any = None) -> None:
        """Builds the model, the losses, the metrics and the optimizer."""
        losses, metrics = self._compile_loss, self._compile_metrics
        ready = self.built and (losses is None or losses.built)
        if not ready or (metrics is not None and not metrics.built):
            batch = next(iter(iterator)) if data_batch is None else data_batch
            x, y, weight = unpack_x_y_sample_weight(
                nest.map_structure(_symbol_like, batch)
            )
            y_pred = self._known_outputs(x)
            if y_pred is None:
                y_pred = abstract_call(self, (x,), {})
            if y is not None:  # predict has no targets to build from
                self._build_losses(x, y, y_pred, weight)
        if isinstance(self.optimizer, Optimizer) and not self.optimizer.built:
            self.optimizer.build(self.trainable_variables)

    def _known_outputs(self, x: Any) -> Any:
        """The symbolic outputs for inputs, where a graph tells them; else None."""
        del x
        return None

    def _build_losses(self, x: Any, y: Any, y_pred: Any, weight: Any) -> None:
        if self._compile_metrics is not None and not self._compile_metrics.built:
            abstract_call(self.compute_metrics, (x, y, y_pred, weight), {})
        if self._compile_loss is not None and not self._compile_loss.built:
            abstract_call(self._loss_of, (x, y, y_pred, weight), {"training": False})

    # ------------------------------------------------------ configuration

    def get_compile_config(self) -> dict[str, Any] | None:
        """What `compile` was called with, serialisable; None before `compile`."""
        if self.compiled and self._compile_args is not None:
            return {
                key: serialize_keras_object(value)
                for key, value in self._compile_args.items()
            }
        return None

    def compile_from_config(self, config: dict[str, Any]) -> None:
        """Compiles the model as `get_compile_config` describes.

        A model with a `compile` of its own is left as it is, with a warning.
        """
        if type(self).compile is not Compiling.compile:
            warnings.warn(
                "`compile()` was not called as part of model loading because the "
                f"model's `compile()` method is custom. Call {self.name}.compile(...) "
                "now, or override `get_compile_config()` and "
                "`compile_from_config(config)`.",
                stacklevel=2,
            )
            return
        config = deserialize_keras_object(config)
        self.compile(**config)
        if isinstance(self.optimizer, Optimizer) and getattr(self, "built", False):
            self.optimizer.build(self.trainable_variables)  # type: ignore[attr-defined]

    def _assert_compiled(self, method: str) -> None:
        if not self.compiled:
            raise ValueError(
                f"You must call `compile()` before calling `{method}`. Received: a "
                "model that is not compiled. Call model.compile(optimizer, loss) "
                "first."
            )


def _symbol_like(leaf: Any) -> Any:
    return None if leaf is None else KerasTensor(leaf.shape, leaf.dtype)


def _as_loss(loss: Any) -> Tensor:
    """A loss as one scalar of the default float dtype."""
    wanted = np.dtype(floatx())
    kernel = _AS_LOSS.get(wanted.name)
    if kernel is None:
        kernel = _AS_LOSS[wanted.name] = Kernel(
            "add_loss", lambda x: x.astype(wanted).sum()
        )
    return execute(kernel, [convert_to_tensor(loss)])  # type: ignore[no-any-return]


def is_overridden(model: Any, name: str, base: type) -> bool:
    """Whether a model's class (or the model) replaces a method of `base`."""
    own: Callable[..., Any] | None = getattr(type(model), name, None)
    return own is not getattr(base, name) or name in vars(model)
