"""`Trainer`: `fit`, `evaluate`, `predict` and the steps that they run."""

from __future__ import annotations

import warnings
from typing import Any

import jax
import numpy as np

from lamina.autograph.conversion import convert
from lamina.engine import nest
from lamina.engine.context import settings
from lamina.engine.tape import GradientTape
from lamina.engine.tensor import Tensor
from lamina.keras.callbacks.callback_list import CallbackList
from lamina.keras.config import max_epochs, max_steps_per_epoch
from lamina.keras.optimizers.base import Optimizer
from lamina.keras.trainers.compiling import Compiling, is_overridden
from lamina.keras.trainers.hooks import Hooks, to_python
from lamina.keras.trainers.loops import ContinuedStream, StepRunner
from lamina.keras.trainers.packing import (
    class_weights_to_sample_weights,
    pack_x_y_sample_weight,
    train_validation_split,
    unpack_x_y_sample_weight,
)
from lamina.keras.trainers.prediction import predict, predict_again
from lamina.keras.trainers.sources import make_source, to_array


class Trainer(Compiling):
    """`compile`, `fit`, `evaluate`, `predict` and what they need."""

    stop_training = False
    stop_evaluating = False
    stop_predicting = False

    # ------------------------------------------------------ the steps

    def train_step(self, data: Any) -> dict[str, Any]:
        """One step of training on a batch.

        Override it for a training step of your own: it is traced and compiled like a
        `tf.function`.

        Args:
            data: a batch: `x`, `(x, y)` or `(x, y, sample_weight)` of tensors.

        Returns:
            The logs by name.

        Reference: `keras.Model.train_step`.
        """
        x, y, sample_weight = unpack_x_y_sample_weight(data)
        with GradientTape() as tape:
            y_pred = self._forward(x, training=True)
            loss = self._loss_of(x, y, y_pred, sample_weight, training=True)
            self._track_loss(loss, x)
            scaled = self.optimizer.scale_loss(loss) if self.optimizer else loss
        weights = self.trainable_weights  # type: ignore[attr-defined]
        if weights:
            gradients = tape.gradient(scaled, weights)
            self.optimizer.apply_gradients(zip(gradients, weights, strict=True))
        else:
            warnings.warn(
                "The model does not have any trainable weights.", stacklevel=2
            )
        return self.compute_metrics(x, y, y_pred, sample_weight=sample_weight)

    def test_step(self, data: Any) -> dict[str, Any]:
        """One step of evaluation on a batch; returns the logs by name.

        Reference: `keras.Model.test_step`.
        """
        x, y, sample_weight = unpack_x_y_sample_weight(data)
        y_pred = self._forward(x, training=False)
        loss = self._loss_of(x, y, y_pred, sample_weight, training=False)
        self._track_loss(loss, x)
        return self.compute_metrics(x, y, y_pred, sample_weight=sample_weight)

    def predict_step(self, data: Any) -> Any:
        """One step of inference on a batch; returns the model's outputs.

        Reference: `keras.Model.predict_step`.
        """
        x, _, _ = unpack_x_y_sample_weight(data)
        return self._forward(x, training=False)

    def _forward(self, x: Any, training: bool) -> Any:
        if self._call_has_training_arg:  # type: ignore[attr-defined]
            return self(x, training=training)  # type: ignore[operator]
        return self(x)  # type: ignore[operator]

    def _runner(self, name: str) -> StepRunner:
        """The compiled form of a step, made anew when what it trains changes."""
        eager = self.run_eagerly or settings.functions_run_eagerly
        weights = self.trainable_variables  # type: ignore[attr-defined]
        version = (eager, *map(id, weights))
        found = self._runners.get(name)
        if found is None or found.version != version:
            per_dispatch = self.steps_per_execution
            found = StepRunner(
                name,
                getattr(self, name) if eager else convert(getattr(self, name)),
                eager,
                per_dispatch
                if isinstance(per_dispatch, int) and per_dispatch > 1
                else None,
                None if is_overridden(self, name, Trainer) else self._prepare_step,
            )
            found.version = version
            self._runners[name] = found
        return found

    def make_train_function(self, force: bool = False) -> Any:
        """A function of an iterator that runs the training step on its next batch."""
        return self._step_function("train_step", force)

    def make_test_function(self, force: bool = False) -> Any:
        """A function of an iterator that runs the test step on its next batch."""
        return self._step_function("test_step", force)

    def make_predict_function(self, force: bool = False) -> Any:
        """A function of an iterator that predicts for its next batch."""
        return self._step_function("predict_step", force)

    def _step_function(self, name: str, force: bool) -> Any:
        if force:
            self._runners.pop(name, None)
        return lambda iterator: self._runner(name).step(next(iterator))

    # ------------------------------------------------------ fit

    def fit(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: Any = "auto",
        callbacks: Any = None,
        validation_split: float = 0.0,
        validation_data: Any = None,
        shuffle: Any = True,
        class_weight: dict[int, float] | None = None,
        sample_weight: Any = None,
        initial_epoch: int = 0,
        steps_per_epoch: int | None = None,
        validation_steps: int | None = None,
        validation_batch_size: int | None = None,
        validation_freq: Any = 1,
        **legacy: Any,
    ) -> Any:
        """Trains the model for a number of epochs.

        Args:
            x: arrays, tensors, nests of them, a `tf.data.Dataset`, a generator or a
                `keras.utils.PyDataset` (the last three yield the targets as well).
            y: targets.
            batch_size: samples per step, 32 by default.
            epochs: the number of the last epoch.
            verbose: 0 silent, 1 progress bar, 2 one line per epoch, `"auto"` is 1.
            callbacks: `keras.callbacks.Callback`s.
            validation_split: the fraction of the samples, taken from the end before
                shuffling, that is held out for validation.
            validation_data: `(x, y)`, `(x, y, sample_weight)` or a data set.
            shuffle: whether rows are shuffled before each epoch; `"batch"` shuffles
                blocks of batch size.
            class_weight: class number to weight.
            sample_weight: a weight per sample.
            initial_epoch: the epoch to start at.
            steps_per_epoch: steps after which an epoch ends.
            validation_steps: steps after which validation ends.
            validation_batch_size: samples per validation step.
            validation_freq: validate every so many epochs, or at the epochs listed.
            **legacy: `workers`, `use_multiprocessing` and `max_queue_size` of Keras 2,
                which belong to `PyDataset` now.

        Returns:
            A `History`; its `history` maps each log to its values per epoch.

        Raises:
            ValueError: if the model is not compiled, or for data that does not fit.

        Reference: `keras.Model.fit`.
        """
        self._assert_compiled("fit")
        _take_legacy(x, legacy)
        epochs = min(epochs, max_epochs() or epochs)
        most = max_steps_per_epoch()
        if most is not None:
            steps_per_epoch = min(steps_per_epoch or most, most)
        if validation_split and validation_data is None:
            (x, y, sample_weight), validation_data = train_validation_split(
                (x, y, sample_weight), validation_split
            )
        source = make_source(
            x, y, sample_weight, batch_size, steps_per_epoch, shuffle, class_weight
        )
        steps = source.num_batches if steps_per_epoch is None else steps_per_epoch
        if steps_per_epoch is not None:
            source = ContinuedStream(source)
        validation = self._validation_source(
            validation_data, validation_batch_size or batch_size
        )
        if not isinstance(callbacks, CallbackList):
            callbacks = CallbackList(
                callbacks,
                add_history=True,
                add_progbar=verbose != 0,
                verbose=1 if verbose == "auto" else verbose,
                epochs=epochs,
                steps=steps,
                model=self,
            )
        self.stop_training = False
        runner = self._runner("train_step")
        callbacks.on_train_begin()
        logs: dict[str, Any] = {}
        first = self._initial_epoch or initial_epoch
        for epoch in range(first, epochs):
            self.reset_metrics()
            callbacks.on_epoch_begin(epoch)
            logs = self._fit_epoch(
                runner, source, callbacks, steps_per_epoch, epoch == first
            )
            if validation is not None and _due(epoch, validation_freq):
                logs.update(self._validate(validation, callbacks, validation_steps))
            callbacks.on_epoch_end(epoch, logs)
            if self.stop_training:
                break
        if isinstance(self.optimizer, Optimizer) and epochs > 0:
            self.optimizer.finalize_variable_values(
                self.trainable_weights  # type: ignore[attr-defined]
            )
        callbacks.on_train_end(logs=logs)
        return self.history  # type: ignore[attr-defined]

    def _fit_epoch(
        self,
        runner: StepRunner,
        source: Any,
        callbacks: Any,
        steps: int | None,
        first: bool = True,
    ) -> dict[str, Any]:
        hooks = Hooks(
            callbacks.on_train_batch_begin,
            callbacks.on_train_batch_end,
            callbacks.needs_batch_hooks,
            lambda: bool(self.stop_training),
        )
        last = runner.epoch(source, hooks, steps)
        source.on_epoch_end()
        if last is None and not first:
            self.stop_training = True
        elif last is None:
            raise ValueError(
                "Model.fit: expected at least one batch. Received: data without "
                "batches. Check what the data set or generator yields."
            )
        short = steps is not None and hooks.count < steps
        if (short or last is None) and not callbacks_stopped(self, last):
            warnings.warn(
                "Your input ran out of data; interrupting training. Make sure that "
                "your dataset or generator can generate at least `steps_per_epoch * "
                "epochs` batches. You may need to use the `.repeat()` function when "
                "building your dataset.",
                stacklevel=3,
            )
        return self._epoch_logs(last)

    def _epoch_logs(self, last: Any) -> dict[str, Any]:
        """The epoch's logs: what the last step returned."""
        if last is None:
            last = self.get_metrics_result()
        logs = last if isinstance(last, dict) else {"loss": last}
        return dict(to_python(logs))

    def _validation_source(self, data: Any, batch_size: int | None) -> Any:
        if data is None:
            return None
        if isinstance(data, list):
            data = tuple(data)
        if isinstance(data, tuple):
            x, y, weight = unpack_x_y_sample_weight(data)
            return make_source(x, y, weight, batch_size)
        return make_source(data, batch_size=batch_size)

    def _validate(
        self, source: Any, callbacks: Any, steps: int | None
    ) -> dict[str, Any]:
        logs = self._evaluate(source, callbacks, steps)
        return {f"val_{name}": value for name, value in logs.items()}

    # ------------------------------------------------------ evaluate, predict

    def evaluate(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        verbose: Any = "auto",
        sample_weight: Any = None,
        steps: int | None = None,
        callbacks: Any = None,
        return_dict: bool = False,
        **legacy: Any,
    ) -> Any:
        """The loss and the metrics on a data set.

        Args:
            x: inputs, as for `fit`.
            y: targets.
            batch_size: samples per step, 32 by default.
            verbose: 0 silent, 1 progress bar, 2 one line, `"auto"` is 1.
            sample_weight: a weight per sample.
            steps: steps after which evaluation ends.
            callbacks: `keras.callbacks.Callback`s.
            return_dict: whether to return a dictionary.
            **legacy: as for `fit`.

        Returns:
            The loss if there are no metrics, else a list in the order of
            `metrics_names`, or a dictionary.

        Reference: `keras.Model.evaluate`.
        """
        self._assert_compiled("evaluate")
        _take_legacy(x, legacy)
        source = make_source(x, y, sample_weight, batch_size)
        callbacks = self._callbacks(
            callbacks, verbose, steps or source.num_batches, epochs=1
        )
        logs = self._evaluate(source, callbacks, steps)
        return logs if return_dict else self._in_order(logs, self._runner("test_step"))

    def _evaluate(self, source: Any, callbacks: Any, steps: int | None) -> Any:
        self.stop_evaluating = False
        callbacks.on_test_begin()
        self.reset_metrics()
        hooks = Hooks(
            callbacks.on_test_batch_begin,
            callbacks.on_test_batch_end,
            callbacks.needs_batch_hooks,
            lambda: bool(self.stop_evaluating),
        )
        last = self._runner("test_step").epoch(source, hooks, steps)
        source.on_epoch_end()
        if last is None:
            raise ValueError(
                "Model.evaluate: expected at least one batch. Received: data without "
                "batches. Check what the data set yields."
            )
        logs = self._epoch_logs(last)
        callbacks.on_test_end(logs)
        return logs

    def _in_order(self, logs: dict[str, Any], runner: StepRunner) -> Any:
        """The logs as a list in the order of the metrics; a number if it is one."""
        if runner.log_order is None or set(runner.log_order) != set(logs):
            runner.log_order = _ordered_names(self.metrics, list(logs))
        values = [logs[name] for name in runner.log_order]
        return values[0] if len(values) == 1 else values

    def predict(
        self,
        x: Any,
        batch_size: int | None = None,
        verbose: Any = "auto",
        steps: int | None = None,
        callbacks: Any = None,
        **legacy: Any,
    ) -> Any:
        """The model's outputs for every sample, as NumPy arrays.

        Args:
            x: inputs, as for `fit`.
            batch_size: samples per step, 32 by default.
            verbose: 0 silent, 1 progress bar, 2 one line, `"auto"` is 1.
            steps: steps after which prediction ends.
            callbacks: `keras.callbacks.Callback`s.
            **legacy: as for `fit`.

        Returns:
            An array of shape `(N, ...)`, or the model's nest of them.

        Reference: `keras.Model.predict`.
        """
        _take_legacy(x, legacy)
        runner = self._runner("predict_step")
        if verbose == 0 and not callbacks and steps is None:
            outputs = predict_again(runner, x, batch_size or 32)
            if outputs is not None:
                return outputs
        source = make_source(x, batch_size=batch_size)
        if verbose == 0 and not callbacks:
            return predict(runner, source, Hooks(), steps)
        callbacks = self._callbacks(
            callbacks, verbose, steps or source.num_batches, epochs=1
        )
        self.stop_predicting = False
        callbacks.on_predict_begin()
        hooks = Hooks(
            callbacks.on_predict_batch_begin,
            callbacks.on_predict_batch_end,
            callbacks.needs_batch_hooks,
            lambda: bool(self.stop_predicting),
        )
        outputs = predict(runner, source, hooks, steps)
        callbacks.on_predict_end()
        return outputs

    def _callbacks(
        self, callbacks: Any, verbose: Any, steps: int | None, epochs: int
    ) -> Any:
        if isinstance(callbacks, CallbackList):
            return callbacks
        return CallbackList(
            callbacks,
            add_history=False,
            add_progbar=verbose != 0,
            verbose=1 if verbose == "auto" else verbose,
            epochs=epochs,
            steps=steps,
            model=self,
        )

    # ------------------------------------------------------ single batches

    def train_on_batch(
        self,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        class_weight: dict[int, float] | None = None,
        return_dict: bool = False,
    ) -> Any:
        """Runs one training step; returns the batch's logs as numbers.

        Args:
            x: a batch of inputs.
            y: the batch's targets.
            sample_weight: a weight per sample.
            class_weight: class number to weight.
            return_dict: whether to return a dictionary.

        Reference: `keras.Model.train_on_batch`.
        """
        self._assert_compiled("train_on_batch")
        if class_weight is not None:
            if sample_weight is not None:
                raise ValueError(
                    "Arguments `sample_weight` and `class_weight` cannot be specified "
                    f"at the same time. Received: sample_weight={sample_weight}, "
                    f"class_weight={class_weight}"
                )
            sample_weight = class_weights_to_sample_weights(y, class_weight)
        return self._on_batch("train_step", x, y, sample_weight, return_dict)

    def test_on_batch(
        self,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        return_dict: bool = False,
    ) -> Any:
        """Runs one test step; returns the logs as numbers.

        Reference: `keras.Model.test_on_batch`.
        """
        self._assert_compiled("test_on_batch")
        return self._on_batch("test_step", x, y, sample_weight, return_dict)

    def _on_batch(
        self, name: str, x: Any, y: Any, sample_weight: Any, return_dict: bool
    ) -> Any:
        batch = _batch(pack_x_y_sample_weight(x, y, sample_weight))
        self.reset_metrics()
        runner = self._runner(name)
        logs = to_python(runner.step(batch))
        if not logs:  # nothing was waited for, and the caller may change `x` now
            jax.block_until_ready([v._tensor._value for v in self.variables])  # type: ignore[attr-defined]
        return logs if return_dict else self._in_order(logs, runner)

    def predict_on_batch(self, x: Any) -> Any:
        """The model's outputs for one batch, as NumPy arrays.

        Reference: `keras.Model.predict_on_batch`.
        """
        runner = self._runner("predict_step")
        data: Any = (x,)
        if type(x) is np.ndarray and not is_overridden(self, "predict_step", Trainer):
            data = x  # the same step and the same program as for `predict`
            outputs = predict_again(runner, x, None)
            if outputs is not None:
                return outputs
        outputs = runner.step(_batch(data))
        return nest.map_structure(
            lambda leaf: leaf.numpy() if isinstance(leaf, Tensor) else leaf, outputs
        )

    # ------------------------------------------------------ Keras 2 spellings

    def fit_generator(self, generator: Any, *args: Any, **kwargs: Any) -> Any:
        """The former name of `fit` for generators."""
        names = ("steps_per_epoch", "epochs", "verbose", "callbacks", "validation_data")
        kwargs.update(zip(names, args, strict=False))
        return self.fit(generator, **kwargs)

    def evaluate_generator(self, generator: Any, *args: Any, **kwargs: Any) -> Any:
        """The former name of `evaluate` for generators."""
        kwargs.update(zip(("steps", "callbacks"), args, strict=False))
        kwargs.setdefault("verbose", 0)
        return self.evaluate(generator, **kwargs)

    def predict_generator(self, generator: Any, *args: Any, **kwargs: Any) -> Any:
        """The former name of `predict` for generators."""
        kwargs.update(zip(("steps", "callbacks"), args, strict=False))
        kwargs.setdefault("verbose", 0)
        return self.predict(generator, **kwargs)


def _ordered_names(metrics: list[Any], keys: list[str]) -> list[str]:
    """The names of logs in the order of the metrics, then those of the step's own."""
    names: list[str] = []
    for metric in metrics:
        result = metric.result()
        names += list(result) if isinstance(result, dict) else [metric.name]
    found = [name for name in names if name in keys]
    return found + [name for name in sorted(keys) if name not in names]


def callbacks_stopped(model: Any, last: Any) -> bool:
    """Whether an epoch was cut short because a callback asked for it."""
    return bool(model.stop_training) and last is not None


def _batch(data: Any) -> Any:
    return nest.map_structure(_tensor, data)


def _tensor(leaf: Any) -> Any:
    return None if leaf is None else Tensor(to_array(leaf))


def _due(epoch: int, frequency: Any) -> bool:
    if isinstance(frequency, int):
        return (epoch + 1) % frequency == 0
    return epoch + 1 in frequency


_LEGACY = ("workers", "use_multiprocessing", "max_queue_size")


def _take_legacy(x: Any, legacy: dict[str, Any]) -> None:
    """Keras 2 passed these to `fit`; they describe the data set."""
    for name, value in legacy.items():
        if name not in _LEGACY:
            raise TypeError(
                f"Model.fit() got an unexpected keyword argument '{name}'. Keras 3's "
                "arguments are accepted, and from Keras 2 also: "
                f"{', '.join(_LEGACY)}."
            )
        if hasattr(x, name):
            setattr(x, name, value)
