"""A model's variables as nested dicts, by their paths."""

from __future__ import annotations

from typing import Any


class StateTree:
    """`get_state_tree` and `set_state_tree`."""

    def get_state_tree(
        self, value_format: str = "backend_tensor"
    ) -> dict[str, dict[str, Any]]:
        """The values of all variables, in dicts nested by the parts of their paths.

        Args:
            value_format: `"backend_tensor"` or `"numpy_array"`.

        Returns:
            A dict with the keys `trainable_variables`, `non_trainable_variables`,
            `optimizer_variables` and `metrics_variables`.

        Raises:
            ValueError: two variables have one path, or the format is unknown.
        """
        if value_format not in ("backend_tensor", "numpy_array"):
            raise ValueError(
                "Invalid `value_format` argument. Expected one of {'numpy_array', "
                f"'backend_tensor'}}. Received: value_format={value_format}"
            )
        return {
            kind: _nested(variables, value_format)
            for kind, variables in _collections(self).items()
        }

    def set_state_tree(self, state_tree: dict[str, dict[str, Any]]) -> None:
        """Set variables from what `get_state_tree` returned.

        Raises:
            ValueError: a key of the outer dict is unknown.
        """
        collections = _collections(self)
        for kind, tree in state_tree.items():
            if kind not in collections:
                raise ValueError(
                    f"Unknown variable name: {kind}. Expected one of "
                    f"{sorted(collections)}."
                )
            by_path = {_path(v): v for v in collections[kind]}
            for path, value in _flat(tree).items():
                if path in by_path:
                    by_path[path].assign(value)


def _collections(model: Any) -> dict[str, list[Any]]:
    optimizer = getattr(model, "optimizer", None)
    return {
        "trainable_variables": model.trainable_variables,
        "non_trainable_variables": model.non_trainable_variables,
        "optimizer_variables": [] if optimizer is None else list(optimizer.variables),
        "metrics_variables": model.metrics_variables,
    }


def _path(variable: Any) -> str:
    return getattr(variable, "path", None) or variable.name


def _nested(variables: list[Any], value_format: str) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    seen: set[str] = set()
    for variable in variables:
        path = _path(variable)
        if path in seen:
            raise ValueError(
                "The following variable path is found twice in the model: "
                f"'{path}'. `get_state_tree()` can only be called when all variable "
                "paths are unique. Make sure to give unique names to your layers (and "
                "other objects)."
            )
        seen.add(path)
        *parents, name = path.split("/")
        place = tree
        for parent in parents:
            place = place.setdefault(parent, {})
        as_array = value_format == "numpy_array"
        place[name] = variable.numpy() if as_array else variable.read_value()
    return tree


def _flat(tree: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in tree.items():
        if isinstance(value, dict):
            found.update(_flat(value, f"{prefix}{key}/"))
        else:
            found[f"{prefix}{key}"] = value
    return found
