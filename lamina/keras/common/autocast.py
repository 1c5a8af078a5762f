"""The scope in which float variables are read in a layer's compute dtype."""

from __future__ import annotations

from typing import Any

from lamina.keras.common.standardize import is_float_dtype, standardize_dtype
from lamina.keras.common.state import get_global_attribute, set_global_attribute


def get_autocast_scope() -> AutocastScope | None:
    """The innermost open scope."""
    return get_global_attribute("autocast_scope")


class AutocastScope:
    """Read float variables in `dtype` inside the scope.

    Args:
        dtype: a float dtype, or `None` to read variables as they are stored.

    Raises:
        ValueError: `dtype` is not a float dtype.
    """

    def __init__(self, dtype: Any) -> None:
        if dtype is not None:
            dtype = standardize_dtype(dtype)
            if not is_float_dtype(dtype):
                raise ValueError(
                    "`AutocastScope` can only be used with a floating-point target "
                    f"dtype, such as 'float16'. Received: dtype={dtype}"
                )
        self.dtype: str | None = dtype
        self.original_scope: AutocastScope | None = None

    def __enter__(self) -> AutocastScope:
        self.original_scope = get_autocast_scope()
        set_global_attribute("autocast_scope", self)
        return self

    def __exit__(self, *error: object) -> None:
        set_global_attribute("autocast_scope", self.original_scope)
