"""The dtypes of a layer: its policy, and the autocast of its weights."""

from __future__ import annotations

from typing import Any

from lamina.keras import dtype_policies
from lamina.keras.common.autocast import AutocastScope, get_autocast_scope
from lamina.keras.common.standardize import is_float_dtype
from lamina.keras.dtype_policies import DTypePolicyMap


class DTypeMixin:
    """The dtype policy and what follows from it."""

    path: str | None
    autocast: bool
    _dtype_policy: Any

    @property
    def dtype_policy(self) -> Any:
        """The policy that gives the dtypes of computation and weights."""
        return self._dtype_policy

    @dtype_policy.setter
    def dtype_policy(self, value: Any) -> None:
        policy = dtype_policies.get(value)
        if isinstance(self._dtype_policy, DTypePolicyMap) and self.path:
            if self.path in self._dtype_policy:
                del self._dtype_policy[self.path]
            self._dtype_policy[self.path] = policy
        else:
            self._dtype_policy = policy

    def _policy(self) -> Any:
        policy = self._dtype_policy
        if isinstance(policy, DTypePolicyMap) and self.path:
            return policy[self.path]
        return policy

    @property
    def dtype(self) -> str:
        """The dtype of the weights."""
        return self.variable_dtype

    @property
    def compute_dtype(self) -> str:
        """The dtype of the computation and of the outputs."""
        return self._policy().compute_dtype

    @property
    def variable_dtype(self) -> str:
        """The dtype of the weights."""
        return self._policy().variable_dtype

    @property
    def input_dtype(self) -> str:
        """The dtype that float inputs are cast to."""
        return self.compute_dtype

    @property
    def quantization_mode(self) -> None:
        """`None`: layers are not quantised."""
        return None

    def _new_autocast_scope(self) -> AutocastScope | None:
        current = get_autocast_scope()
        compute = self.compute_dtype
        if current is None:
            return AutocastScope(compute) if compute != self.variable_dtype else None
        if not self.autocast or not is_float_dtype(compute):
            return AutocastScope(None)
        return AutocastScope(compute) if current.dtype != compute else None
