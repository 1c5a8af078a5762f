"""The masks of a layer: filled in for `call`, and passed on to the outputs."""

from __future__ import annotations

import warnings
from typing import Any

from lamina.engine import nest
from lamina.engine.tensor import Tensor
from lamina.keras.common.defaults import default
from lamina.keras.common.tensors import get_keras_mask, set_keras_mask
from lamina.keras.layers.call_spec import CallSpec


class MaskMixin:
    """`supports_masking`, `compute_mask` and what `__call__` does with masks."""

    name: str
    _supports_masking: bool

    @property
    def supports_masking(self) -> bool:
        """Whether the layer passes a mask on."""
        return self._supports_masking

    @supports_masking.setter
    def supports_masking(self, value: bool) -> None:
        self._supports_masking = value

    @default
    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        """The mask of the outputs; by default that of the inputs."""
        return previous_mask

    def _fill_in_masks(self, call_spec: CallSpec, kwargs: dict[str, Any]) -> Any:
        """Pass the inputs' masks to `call`; return the mask of the first argument."""
        tensors = call_spec.tensor_arguments_dict
        names = (
            dict.fromkeys(tensors, "mask")
            if len(tensors) == 1
            else {name: f"{name}_mask" for name in tensors}
        )
        for name, mask_name in names.items():
            if mask_name not in call_spec.arguments_dict:
                continue
            if call_spec.arguments_dict[mask_name] is None:
                kwargs[mask_name] = _masks_of(tensors[name])
        if kwargs.get("mask") is not None:
            return kwargs["mask"]
        return _masks_of(call_spec.first_arg)

    def _pass_mask_on(self, inputs: Any, outputs: Any, previous_mask: Any) -> None:
        if not self.supports_masking:
            if any(m is not None for m in nest.flatten(previous_mask)):
                warnings.warn(
                    f"Layer '{self.name}' (of type {type(self).__name__}) was passed "
                    "an input with a mask attached to it. However, this layer does "
                    "not support masking and will therefore destroy the mask "
                    "information. Downstream layers will not see the mask.",
                    stacklevel=4,
                )
            return
        flat = nest.flatten(outputs)
        if all(get_keras_mask(x) is not None for x in flat):
            return
        masks = self.compute_mask(inputs, previous_mask)
        if masks is None:
            return
        for tensor, mask in zip(flat, nest.flatten(masks)):
            if mask is not None and get_keras_mask(tensor) is None:
                set_keras_mask(tensor, mask)


def _masks_of(value: Any) -> Any:
    if isinstance(value, Tensor):
        return get_keras_mask(value)
    return nest.map_structure(get_keras_mask, value)
