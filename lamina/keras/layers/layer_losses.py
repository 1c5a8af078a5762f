"""The losses of a layer: `add_loss`, regularisers and those of the inner layers."""

from __future__ import annotations

from collections import deque
from typing import Any

from lamina.engine import nest
from lamina.keras.common.state import in_symbolic_scope
from lamina.keras.common.stateless import get_stateless_scope
from lamina.keras.common.tensors import is_value_tensor


class LossesMixin:
    """`add_loss` and `losses`."""

    _losses: list[Any]
    _loss_ids: set[int]
    _losses_override: list[Any]
    _layers: list[Any]

    def add_loss(self, loss: Any) -> None:
        """Add a scalar to the losses of this call.

        Args:
            loss: a scalar tensor or a structure of them.

        Raises:
            ValueError: something else than a tensor was given.
        """
        losses = nest.flatten(loss)
        for value in losses:
            if not is_value_tensor(value):
                raise ValueError(
                    "`add_loss()` can only be called from inside `build()` or "
                    f"`call()`, on a tensor input. Received invalid value: {value}"
                )
        if in_symbolic_scope():
            return
        scope = get_stateless_scope()
        if scope is None:
            self._losses.extend(losses)
        elif scope.collect_losses:
            for value in losses:
                scope.add_loss(value)
                self._loss_ids.add(id(value))

    def _get_own_losses(self) -> list[Any]:
        scope = get_stateless_scope()
        if scope is None:
            return list(self._losses)
        return [loss for loss in scope.losses if id(loss) in self._loss_ids]

    def _get_regularization_losses(self) -> list[Any]:
        found = []
        for variable in self.trainable_weights:  # type: ignore[attr-defined]
            regularizer = getattr(variable, "regularizer", None)
            if regularizer is not None:
                found.append(regularizer(variable))
        return found

    @property
    def losses(self) -> list[Any]:
        """The scalars of `add_loss` and of regularisers, inner layers included."""
        if self._losses_override:
            return self._losses_override
        losses = self._get_own_losses()
        for layer in self._flatten_layers(include_self=False):
            losses.extend(layer._get_own_losses())
        losses.extend(self._get_regularization_losses())
        return losses

    def _clear_losses(self) -> None:
        scope = get_stateless_scope()
        if scope is not None and scope.collect_losses:
            scope.losses[:] = [x for x in scope.losses if id(x) not in self._loss_ids]
        self._losses.clear()
        self._loss_ids.clear()
        for layer in self._layers:
            layer._clear_losses()

    def _flatten_layers(
        self, include_self: bool = True, recursive: bool = True
    ) -> list[Any]:
        """This layer and the layers inside it, each once."""
        found: list[Any] = [self] if include_self else []
        seen: set[int] = set()
        waiting = deque(self._layers)
        while waiting:
            layer = waiting.popleft()
            if id(layer) in seen:
                continue
            seen.add(id(layer))
            found.append(layer)
            if recursive:
                waiting.extendleft(layer._layers)
        return found
