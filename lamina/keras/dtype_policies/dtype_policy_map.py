"""`DTypePolicyMap`: policies looked up by the path of a layer."""

from __future__ import annotations

import re
from collections.abc import Iterator, MutableMapping
from typing import Any

from lamina.keras.dtype_policies.dtype_policy import DTypePolicy, dtype_policy


class DTypePolicyMap(DTypePolicy, MutableMapping[str, DTypePolicy]):
    """A dict from layer paths to policies.

    A key is a path, or a regular expression that has to match a whole path.

    Args:
        default_policy: the policy of paths without a match; `None` is the global one.
        policy_map: the first entries.

    Raises:
        ValueError: `default_policy` is a map itself.
        TypeError: `policy_map` is not a dict.

    Reference: `keras.dtype_policies.DTypePolicyMap`.
    """

    def __init__(
        self,
        default_policy: DTypePolicy | str | None = None,
        policy_map: dict[str, DTypePolicy] | None = None,
    ) -> None:
        if isinstance(default_policy, DTypePolicyMap):
            raise ValueError("`default_policy` cannot be a `DTypePolicyMap`.")
        if policy_map is not None and not isinstance(policy_map, dict):
            raise TypeError(
                "If specified, `policy_map` must be a dict. Received: "
                f"policy_map={policy_map} of type {type(policy_map)}"
            )
        if isinstance(default_policy, str):
            default_policy = DTypePolicy(default_policy)
        self._default_policy_arg = default_policy
        self._policy_map: dict[str, DTypePolicy] = policy_map or {}

    @property
    def name(self) -> str:
        """The name, made from that of the default policy."""
        return f"map_{self.default_policy.name}"

    @property
    def default_policy(self) -> DTypePolicy:
        """The policy of paths without a match."""
        return self._default_policy_arg or dtype_policy()

    @property
    def variable_dtype(self) -> str:
        """The default policy's dtype for weights."""
        return self.default_policy.variable_dtype

    @property
    def compute_dtype(self) -> str:
        """The default policy's dtype for computation."""
        return self.default_policy.compute_dtype

    def __getitem__(self, key: str) -> DTypePolicy:
        if key in self._policy_map:
            return self._policy_map[key]
        matching = [p for p in self._policy_map if re.fullmatch(p, key)]
        if len(matching) > 1:
            raise ValueError(
                f"Path '{key}' matches multiple dtype policy specification keys: "
                f"{matching}. Please make sure each path only matches at most one "
                "dtype policy specification key in the DTypePolicyMap."
            )
        return self._policy_map[matching[0]] if matching else self.default_policy

    def __setitem__(self, key: str, policy: DTypePolicy) -> None:
        if key in self._policy_map:
            raise ValueError(
                f"{key} already exist in the DTypePolicyMap with value "
                f"{self._policy_map[key]}. Please make sure to not use duplicated keys."
            )
        if policy is None or not isinstance(policy, (str, dict, DTypePolicy)):
            raise ValueError(
                "Cannot interpret the assigned value. Give a DTypePolicy or its name. "
                f"Received: {policy}"
            )
        if isinstance(policy, str):
            policy = DTypePolicy(policy)
        elif isinstance(policy, dict):
            policy = DTypePolicy(**policy.get("config", policy))
        self._policy_map[key] = policy

    def __delitem__(self, key: str) -> None:
        del self._policy_map[key]

    def __contains__(self, key: object) -> bool:
        return key in self._policy_map

    def __len__(self) -> int:
        return len(self._policy_map)

    def __iter__(self) -> Iterator[str]:
        return iter(self._policy_map)

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, DTypePolicyMap)
            and self.default_policy == other.default_policy
            and self._policy_map == other._policy_map
        )

    def __hash__(self) -> int:
        return id(self)

    def __repr__(self) -> str:
        entries = ", ".join(f"{k!r}: {v!r}" for k, v in self._policy_map.items())
        return (
            f"<DTypePolicyMap at {hex(id(self))}\n  default={self.default_policy!r},\n"
            f"  mapping=[{entries}]>"
        )

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments, with policies as their configs."""
        argument = self._default_policy_arg
        return {
            "default_policy": _entry(argument) if argument is not None else None,
            "policy_map": {key: _entry(p) for key, p in self._policy_map.items()},
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> DTypePolicyMap:
        """The map that `get_config` describes."""
        default = config.get("default_policy")
        entries = config.get("policy_map") or {}
        return cls(
            default_policy=_policy(default),
            policy_map={key: _policy(value) for key, value in entries.items()},
        )


def _entry(policy: DTypePolicy) -> dict[str, Any]:
    return {
        "module": "keras",
        "class_name": type(policy).__name__,
        "config": policy.get_config(),
        "registered_name": None,
    }


def _policy(config: Any) -> Any:
    if isinstance(config, dict):
        return DTypePolicy(**config.get("config", config))
    if isinstance(config, str):
        return DTypePolicy(config)
    return config
