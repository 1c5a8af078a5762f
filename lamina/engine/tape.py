"""``GradientTape``: reverse-mode differentiation of what ran while it recorded.

The tape keeps the executions whose inputs it watches. ``gradient`` walks them
backwards; each step is itself an execution, so that an outer tape records it and
higher derivatives need no further code. Inside a trace the pullback that JAX gave at
recording time is used instead, so the forward pass is not built twice.
"""

from __future__ import annotations

import enum
import logging
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any

import jax
import numpy as np
from jax import numpy as jnp

from lamina.engine import nest
from lamina.engine.backward import gradients
from lamina.engine.context import state
from lamina.engine.errors import message
from lamina.engine.kernel import Kernel, Record, execute, inexact
from lamina.engine.tensor import Tensor, convert_to_tensor, is_tensor

_LOGGER = logging.getLogger("lamina")


class UnconnectedGradients(enum.Enum):
    """What the gradient is where the target does not depend on a source."""

    NONE = "none"
    ZERO = "zero"


_ZEROS = Kernel("zeros", lambda x: jnp.zeros(x.shape, x.dtype))


class GradientTape:
    """Records operations so that gradients can be asked for.

    Args:
        persistent: whether ``gradient`` may be called more than once.
        watch_accessed_variables: whether trainable variables that are read are
            watched automatically.

    Example:
        >>> x = tf.Variable(3.0)
        >>> with tf.GradientTape() as tape:
        ...     y = x * x
        >>> float(tape.gradient(y, x))
        6.0

    Reference: ``tf.GradientTape``. Unlike TensorFlow's, the gradient of ``tf.gather``
    is a dense tensor, not ``tf.IndexedSlices``.
    """

    def __init__(
        self, persistent: bool = False, watch_accessed_variables: bool = True
    ) -> None:
        self._persistent = persistent
        self._watch_accessed = watch_accessed_variables
        self._records: list[Record] = []
        self._ids: dict[int, Tensor] = {}
        self._variables: dict[int, tuple[Any, list[Tensor]]] = {}
        self._recording = False
        self._used = False

    def __enter__(self) -> GradientTape:
        self._start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._recording:
            self._stop()

    def _start(self) -> None:
        if self._recording:
            raise ValueError("tf.GradientTape: the tape is already recording.")
        state.tapes = (*state.tapes, self)
        self._recording = True

    def _stop(self) -> None:
        state.tapes = tuple(tape for tape in state.tapes if tape is not self)
        self._recording = False

    # ------------------------------------------------------ used by the engine

    def watches(self, tensors: Sequence[Tensor]) -> bool:
        """Whether any of the tensors is watched."""
        return not self._ids.keys().isdisjoint(map(id, tensors))

    def places(self, tensors: Sequence[Tensor]) -> tuple[int, ...]:
        """Which of the tensors are watched; all of them are floating."""
        ids = self._ids
        return tuple([i for i, tensor in enumerate(tensors) if id(tensor) in ids])

    def record(self, record: Record) -> None:
        """Keeps an execution; its floating outputs are watched from now on."""
        self._records.append(record)
        for output in record.outputs:
            if inexact(output):
                self._ids[id(output)] = output

    def variable_read(self, variable: Any, tensor: Tensor) -> None:
        """Notes that ``tensor`` is the value of a variable that was just read."""
        accessed = self._watch_accessed and variable.trainable
        if accessed or id(variable) in self._variables:
            self._note(variable, tensor)

    def _note(self, variable: Any, tensor: Tensor) -> None:
        entry = self._variables.setdefault(id(variable), (variable, []))
        if id(tensor) not in self._ids and inexact(tensor):
            self._ids[id(tensor)] = tensor
            entry[1].append(tensor)
        elif not any(tensor is known for known in entry[1]):
            entry[1].append(tensor)

    # ------------------------------------------------------ public methods

    def watch(self, tensor: Any) -> None:
        """Watches tensors or variables (a nest of them).

        Raises:
            ValueError: for something that is neither.
        """
        for item in nest.flatten(tensor, expand_composites=True):
            if not is_tensor(item):
                raise ValueError(
                    "GradientTape.watch: expected tensors or variables. Received: "
                    f"{item!r:.200} of type {type(item)}. Convert it with "
                    "tf.convert_to_tensor first."
                )
            if not isinstance(item, Tensor):
                self._variables.setdefault(id(item), (item, []))
                self._note(item, convert_to_tensor(item))
                continue
            if not inexact(item):
                _warn_dtype(item)
                continue
            if isinstance(item._value, np.ndarray):
                item._value = jax.device_put(item._value)  # so that traces capture it
            self._ids[id(item)] = item

    def watched_variables(self) -> tuple[Any, ...]:
        """The variables that were watched, in the order of their first use."""
        return tuple(variable for variable, _ in self._variables.values())

    def stop_recording(self) -> Any:
        """A context manager in which nothing is recorded."""
        return _Paused(self)

    def reset(self) -> None:
        """Forgets everything recorded so far."""
        self._records, self._ids, self._variables = [], {}, {}

    def gradient(
        self,
        target: Any,
        sources: Any,
        output_gradients: Any = None,
        unconnected_gradients: UnconnectedGradients = UnconnectedGradients.NONE,
    ) -> Any:
        """The gradient of the sum of ``target`` by each source.

        Args:
            target: a tensor or a nest of tensors.
            sources: tensors or variables, in any structure.
            output_gradients: gradients of the targets, one per target; ones if None.
            unconnected_gradients: whether an independent source gives None or zeros.

        Returns:
            The gradients, in the structure of ``sources``; each has its source's
            shape and dtype.

        Raises:
            RuntimeError: at a second call on a tape that is not persistent.

        Reference: ``tf.GradientTape.gradient``.
        """
        if self._used and not self._persistent:
            raise RuntimeError(
                "A non-persistent GradientTape can only be used to compute one set of "
                "gradients. Create it with tf.GradientTape(persistent=True), or ask "
                "for all gradients in one call."
            )
        unconnected = UnconnectedGradients(unconnected_gradients)
        restart = self._recording and not self._persistent
        if restart:
            self._stop()
        flat_sources = nest.flatten(sources, expand_composites=True)
        self._check_sources(flat_sources)
        seeds = self._seeds(target, output_gradients)
        found = gradients(
            self._records, seeds, [self._tensors_of(s) for s in flat_sources]
        )
        if not self._persistent:
            self._used = True
            self._records, self._ids = [], {}
        results = [
            _zeros_like(source)
            if gradient is None and unconnected is UnconnectedGradients.ZERO
            else gradient
            for gradient, source in zip(found, flat_sources, strict=True)
        ]
        if restart:
            self._start()
        return nest.pack_sequence_as(sources, results, expand_composites=True)

    def _check_sources(self, sources: list[Any]) -> None:
        for source in sources:
            if not is_tensor(source):
                raise TypeError(
                    message(
                        "GradientTape.gradient",
                        expected="tensors or variables as sources",
                        received=f"{source!r:.200} of type {type(source)}",
                        hint="Python values cannot be watched; use tf.constant.",
                    )
                )

    def _tensors_of(self, source: Any) -> list[Tensor]:
        if isinstance(source, Tensor):
            return [source]
        entry = self._variables.get(id(source))
        return entry[1] if entry is not None else []

    def _seeds(self, target: Any, output_gradients: Any) -> list[tuple[Tensor, Any]]:
        targets = nest.flatten(target, expand_composites=True)
        given = (
            [None] * len(targets)
            if output_gradients is None
            else nest.flatten(output_gradients, expand_composites=True)
        )
        if len(given) != len(targets):
            raise ValueError(
                f"GradientTape.gradient: expected {len(targets)} output_gradients, one "
                f"per target. Received: {len(given)}."
            )
        seeds: list[tuple[Tensor, Any]] = []
        for item, seed in zip(targets, given, strict=True):
            if item is None:
                raise TypeError(
                    "GradientTape.gradient: the target is None. Pass the tensor that "
                    "was computed inside the tape's `with` block."
                )
            tensor = convert_to_tensor(item)
            if not isinstance(item, Tensor):
                self.variable_read(item, tensor)
            if not inexact(tensor):
                _warn_dtype(tensor)
            elif seed is None:
                seeds.append((tensor, None))
            else:
                seeds.append((tensor, convert_to_tensor(seed, tensor.dtype)))
        return seeds

    def jacobian(
        self,
        target: Any,
        sources: Any,
        unconnected_gradients: UnconnectedGradients = UnconnectedGradients.NONE,
        parallel_iterations: int | None = None,
        experimental_use_pfor: bool = True,
    ) -> Any:
        """The derivative of every element of ``target`` by every element of a source.

        Args:
            target: a tensor.
            sources: tensors or variables, in any structure.
            unconnected_gradients: whether an independent source gives None or zeros.
            parallel_iterations: has no effect: rows are computed one after another.
            experimental_use_pfor: has no effect, as above.

        Returns:
            In the structure of ``sources``: shape ``target.shape + source.shape``.

        Reference: ``tf.GradientTape.jacobian``.
        """
        flat_sources = nest.flatten(sources, expand_composites=True)
        target = convert_to_tensor(target)
        rows = self._rows(target, flat_sources, unconnected_gradients)
        results: list[Any] = []
        for index, source in enumerate(flat_sources):
            column = [row[index] for row in rows]
            if not column or column[0] is None:
                results.append(None)
                continue
            shape = (*target.shape, *source.shape)
            results.append(execute(_stack_kernel(shape), column))
        return nest.pack_sequence_as(sources, results)

    def _rows(self, target: Tensor, sources: list[Any], unconnected: Any) -> list[Any]:
        self._check_sources(sources)
        persistent, self._persistent = self._persistent, True
        try:
            return [
                self.gradient(
                    target,
                    sources,
                    output_gradients=Tensor(_one_hot(target, index)),
                    unconnected_gradients=unconnected,
                )
                for index in range(target.shape.num_elements() or 0)
            ]
        finally:
            self._persistent = persistent
            self._used = not persistent

    def batch_jacobian(
        self,
        target: Any,
        source: Any,
        unconnected_gradients: UnconnectedGradients = UnconnectedGradients.NONE,
        parallel_iterations: int | None = None,
        experimental_use_pfor: bool = True,
    ) -> Any:
        """The Jacobian of each row of ``target`` by the same row of ``source``.

        Args:
            target: shape ``(B, ...)``.
            source: shape ``(B, ...)``; row i of the target depends on row i only.
            unconnected_gradients: as in ``jacobian``.
            parallel_iterations: has no effect.
            experimental_use_pfor: has no effect.

        Returns:
            Shape ``(B,) + target.shape[1:] + source.shape[1:]``.

        Raises:
            ValueError: if the first dimensions differ.

        Reference: ``tf.GradientTape.batch_jacobian``.
        """
        target = convert_to_tensor(target)
        if (
            not target.shape.rank
            or not source.shape.rank
            or (target.shape[0] != source.shape[0])
        ):
            raise ValueError(
                "GradientTape.batch_jacobian: expected target and source with the same "
                f"first dimension. Received: {target.shape} and {source.shape}."
            )
        width = int(np.prod(target.shape[1:], dtype=int))
        persistent, self._persistent = self._persistent, True
        columns = []
        for index in range(width):
            seed = np.zeros((target.shape[0], width), target.dtype.np_dtype)
            seed[:, index] = 1
            columns.append(
                self.gradient(
                    target,
                    source,
                    output_gradients=Tensor(jax.device_put(seed.reshape(target.shape))),
                    unconnected_gradients=unconnected_gradients,
                )
            )
        self._persistent = persistent
        self._used = not persistent
        if not columns or columns[0] is None:
            return None
        shape = (*target.shape, *source.shape[1:])
        return execute(_stack_kernel(shape, 1), columns)


class _Paused:
    def __init__(self, tape: GradientTape) -> None:
        self._tape = tape

    def __enter__(self) -> None:
        self._was = self._tape._recording
        if self._was:
            self._tape._stop()

    def __exit__(self, *_: Any) -> None:
        if self._was:
            self._tape._start()


def _stack_kernel(shape: tuple[Any, ...], axis: int = 0) -> Kernel:
    return Kernel(
        "GradientTape.jacobian", lambda *rows: jnp.stack(rows, axis).reshape(shape)
    )


def _one_hot(target: Tensor, index: int) -> Any:
    seed = np.zeros(target.shape.num_elements() or 0, target.dtype.np_dtype)
    seed[index] = 1
    return jax.device_put(seed.reshape(target.shape))


def _zeros_like(source: Any) -> Tensor:
    return execute(_ZEROS, [convert_to_tensor(source)])  # type: ignore[no-any-return]


_warned: set[str] = set()


def _warn_dtype(tensor: Tensor) -> None:
    """TensorFlow logs this once; integers simply have no gradient."""
    name = tensor.dtype.name
    if name not in _warned:
        _warned.add(name)
        _LOGGER.warning(
            "The dtype of the watched or differentiated tensor must be floating "
            "(e.g. tf.float32), got %s: its gradient is None.",
            name,
        )


def stop_gradient(input: Any, name: str | None = None) -> Tensor:
    """Passes a tensor through and blocks the gradient.

    Args:
        input: a tensor of any shape and dtype.
        name: an optional name.

    Returns:
        The same values.

    Reference: ``tf.stop_gradient``.
    """
    tensor = convert_to_tensor(input)
    return execute(_STOP, [tensor])  # type: ignore[no-any-return]


_STOP = Kernel("tf.stop_gradient", jax.lax.stop_gradient, differentiable=False)


def record_custom(
    inputs: list[Tensor],
    outputs: list[Tensor],
    pullback: Callable[[list[Any]], Sequence[Any]],
) -> None:
    """Records a computation whose gradient is a function of tensors."""
    wanted = tuple(index for index, tensor in enumerate(inputs) if inexact(tensor))
    for tape in state.tapes:
        if tape.watches(inputs):
            tape.record(Record(None, inputs, outputs, wanted, pullback))
