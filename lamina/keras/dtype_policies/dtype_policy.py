"""`DTypePolicy` and the global policy that layers take when none is given."""

from __future__ import annotations

from typing import Any

from lamina.engine.tensor import convert_to_tensor
from lamina.keras.common.standardize import is_float_dtype, standardize_dtype
from lamina.keras.common.state import get_global_attribute, set_global_attribute
from lamina.keras.common.tensors import is_any_tensor
from lamina.keras.config import floatx
from lamina.ops.array.casting import cast

_MIXED = {
    "mixed_float16": ("float16", "float32"),
    "mixed_bfloat16": ("bfloat16", "float32"),
}


class DTypePolicy:
    """Which dtype a layer computes in and which dtype its weights have.

    Args:
        name: a dtype (both are this one), `"mixed_float16"` or `"mixed_bfloat16"`
            (computation in 16 bits, weights in float32), or `None` for the global
            policy.

    Raises:
        TypeError: `name` is not a string.
        ValueError: `name` is no dtype and no mixed policy.

    Example:

        >>> keras.DTypePolicy("mixed_float16").compute_dtype
        'float16'

    Reference: `keras.DTypePolicy`. Quantised policies do not exist in Lamina.
    """

    quantization_mode: str | None = None

    def __init__(self, name: str | None = None) -> None:
        if name is None:
            name = dtype_policy().name
        self._name: str = name
        self._compute_dtype, self._variable_dtype = self._parse_name(name)

    def _parse_name(self, name: Any) -> tuple[str, str]:
        if not isinstance(name, str):
            raise TypeError(
                "'name' must be a string, such as 'mixed_float16'. "
                f"Received: name={name} (of type {type(name)})"
            )
        if name in _MIXED:
            return _MIXED[name]
        try:
            dtype = standardize_dtype(name)
        except ValueError:
            raise ValueError(
                f"Cannot convert '{name}' to a mixed precision DTypePolicy. Give "
                "'mixed_float16', 'mixed_bfloat16' or the name of a dtype such as "
                "'float32'."
            ) from None
        return dtype, dtype

    @property
    def variable_dtype(self) -> str:
        """The dtype that weights are made in."""
        return self._variable_dtype

    @property
    def compute_dtype(self) -> str:
        """The dtype that the layer computes and returns its outputs in."""
        return self._compute_dtype

    @property
    def name(self) -> str:
        """The name of the policy."""
        return self._name

    def convert_input(self, x: Any, autocast: bool, dtype: Any) -> Any:
        """Make `x` a tensor; cast it to `dtype` if it is a float and `autocast`.

        What is neither a tensor nor an array comes back unchanged.
        """
        if not is_any_tensor(x):
            if not hasattr(x, "__array__"):
                return x
            x = convert_to_tensor(x)
        if autocast and x.dtype != dtype and is_float_dtype(x.dtype):
            return cast(x, dtype)
        return x

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {"name": self.name}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> DTypePolicy:
        """The policy that `get_config` describes."""
        return cls(**config)

    def __repr__(self) -> str:
        return f'<DTypePolicy "{self._name}">'

    def __eq__(self, other: object) -> bool:
        return isinstance(other, DTypePolicy) and (
            (type(self) in _PLAIN) == (type(other) in _PLAIN)
            and self._name == other.name
        )

    def __hash__(self) -> int:
        return hash(self._name)


class FloatDTypePolicy(DTypePolicy):
    """The same as `DTypePolicy`, under its older name.

    Reference: `keras.FloatDTypePolicy`.
    """


_PLAIN = (DTypePolicy, FloatDTypePolicy)


def set_dtype_policy(policy: str | DTypePolicy) -> None:
    """Set the policy of layers that are given no `dtype`.

    Args:
        policy: a policy or its name.

    Raises:
        ValueError: `policy` is neither.

    Reference: `keras.config.set_dtype_policy`,
    `keras.mixed_precision.set_global_policy`.
    """
    if isinstance(policy, str):
        policy = DTypePolicy(policy)
    if not isinstance(policy, DTypePolicy):
        raise ValueError(
            "Invalid `policy` argument. Expected the string name of a policy (such as "
            f"'mixed_float16') or a `DTypePolicy` instance. Received: policy={policy} "
            f"(of type {type(policy)})"
        )
    set_global_attribute("dtype_policy", policy)


def dtype_policy() -> DTypePolicy:
    """The policy of layers that are given no `dtype`.

    Reference: `keras.config.dtype_policy`.
    """
    policy = get_global_attribute("dtype_policy")
    if policy is None:
        policy = DTypePolicy(floatx())
        set_dtype_policy(policy)
    return policy
