"""Layers whose values are computed again in the backward pass."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from lamina.engine import nest
from lamina.keras.common import remat


class RematMixin:
    """What a layer made in a `RematScope` does with its `call`."""

    name: str
    activation: Any
    compute_output_spec: Callable[..., Any]
    _remat_mode: remat.RematMode | None

    def rematerialized_call(
        self, layer_call: Callable[..., Any], *args: Any, **kwargs: Any
    ) -> Callable[..., Any]:
        """`call`, or parts of it, computed again in the backward pass.

        Args:
            layer_call: the layer's `call`.
            *args: what it will be called with.
            **kwargs: what it will be called with.
        """
        mode = self._remat_mode
        if mode is None or mode.mode is None:
            return layer_call
        if mode.mode == "activations":
            if self.__dict__.get("activation") is None:
                return layer_call
            return self._rematerialize_activation(layer_call)
        if mode.mode == "larger_than":
            spec = self.compute_output_spec(*args, **kwargs)
            sizes = [
                math.prod(size or 1 for size in tuple(x.shape))
                for x in nest.flatten(spec)
            ]
            wanted = sum(sizes) > mode.output_size_threshold
        else:
            wanted = mode.mode == "full" or self.name in mode.layer_names
        return remat.remat(layer_call) if wanted else layer_call

    def _rematerialize_activation(self, layer_call: Any) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            original = self.activation
            self.activation = remat.remat(original)
            try:
                return layer_call(*args, **kwargs)
            finally:
                self.activation = original

        return call
