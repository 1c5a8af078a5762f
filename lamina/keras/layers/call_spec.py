"""What a layer is called with: argument names, tensors, shapes, and the context."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from lamina.autograph.conversion import convert
from lamina.engine import nest
from lamina.engine.graph import PROBES, abstract_call
from lamina.keras.common.defaults import is_default
from lamina.keras.common.standardize import standardize_shape
from lamina.keras.common.state import (
    SymbolicScope,
    get_global_attribute,
    in_symbolic_scope,
    set_global_attribute,
)
from lamina.keras.common.tensors import is_any_tensor


class CallSpec:
    """The arguments of one call, bound to the signature of `call`.

    Args:
        signature: of the layer's `call`.
        context_args: arguments that pass from layer to layer, such as `training`.
        args: positional arguments.
        kwargs: keyword arguments; context arguments that `call` does not take are
            removed from it.

    Raises:
        TypeError: the arguments do not fit the signature.
        ValueError: an argument mixes tensors with other things.
    """

    def __init__(
        self,
        signature: inspect.Signature,
        context_args: set[str],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> None:
        parameters = signature.parameters
        extra = {
            name: kwargs.pop(name)
            for name in context_args
            if name in kwargs and name not in parameters
        }
        bound = signature.bind(*args, **kwargs)
        self.user_arguments_dict = {**extra, **bound.arguments}
        bound.apply_defaults()
        self.arguments_dict = dict(bound.arguments)
        self.argument_names = list(self.arguments_dict)
        self.tensor_arguments_dict: dict[str, Any] = {}
        self.nested_tensor_argument_names: list[str] = []
        for name, value in self.arguments_dict.items():
            self._sort_in(name, value)
        self.first_arg = (
            self.arguments_dict[self.argument_names[0]] if self.argument_names else None
        )

    def _sort_in(self, name: str, value: Any) -> None:
        if is_any_tensor(value):
            self.tensor_arguments_dict[name] = value
            return
        if not nest.is_nested(value) or len(value) == 0:
            return
        flat = nest.flatten(value)
        if all(is_any_tensor(x, allow_none=True) for x in flat):
            self.tensor_arguments_dict[name] = value
            self.nested_tensor_argument_names.append(name)
        elif any(is_any_tensor(x) for x in flat):
            raise ValueError(
                "In a nested call() argument, you cannot mix tensors and non-tensors. "
                f"Received invalid mixed argument: {name}={value}"
            )

    def shapes(self) -> dict[str, Any]:
        """`x_shape` to the shape (or structure of shapes) of each tensor argument."""
        found = {}
        for name, value in self.tensor_arguments_dict.items():
            if name in ("mask", "args", "kwargs"):
                continue
            if name in self.nested_tensor_argument_names:
                found[f"{name}_shape"] = nest.map_structure(_shape_or_none, value)
            else:
                found[f"{name}_shape"] = _shape_or_none(value)
        return found


def _shape_or_none(value: Any) -> Any:
    if value is None:
        return None
    shape = standardize_shape(value.shape)
    if shape and shape[0] in PROBES and in_symbolic_scope():
        return (None, *shape[1:])  # The stand-in of an unknown batch size.
    return shape


def evaluate_abstractly(function: Any, args: Any, kwargs: Any) -> Any:
    """The outputs of a call as symbolic tensors; the batch size inside is `None`."""
    with SymbolicScope():
        return abstract_call(convert(function), args, kwargs)


def match_shapes(
    target: Callable[..., Any],
    shapes: dict[str, Any],
    call_spec: CallSpec,
    class_name: str,
) -> dict[str, Any] | None:
    """The arguments for `build` or `compute_output_shape`.

    A method with one argument gets the shape of the first tensor. A method with more
    gets for each argument `x_shape` the shape of the argument `x` of `call`.

    Args:
        target: the method.
        shapes: what `CallSpec.shapes` gave.
        call_spec: the call.
        class_name: of the layer, for messages.

    Returns:
        Keyword arguments, or `None` if the method is the base's own.

    Raises:
        ValueError: an argument's name does not end in `_shape` or matches nothing.
    """
    if is_default(target):
        return None
    kinds = (
        inspect.Parameter.POSITIONAL_OR_KEYWORD,
        inspect.Parameter.POSITIONAL_ONLY,
        inspect.Parameter.KEYWORD_ONLY,
    )
    names = [
        name
        for name, parameter in inspect.signature(target).parameters.items()
        if parameter.kind in kinds
    ]
    if len(names) == 1:
        return {names[0]: next(iter(shapes.values()), None)}
    method = target.__name__
    rule = (
        f"For a `{method}()` method with more than one argument, all arguments should "
        "have a `_shape` suffix and match an argument from `call()`. E.g. "
        f"`{method}(self, foo_shape, bar_shape)` "
    )
    matched = {}
    for name in names:
        if not name.endswith("_shape"):
            raise ValueError(
                f"{rule} For layer '{class_name}', Received `{method}()` argument "
                f"`{name}`, which does not end in `_shape`."
            )
        argument = name.removesuffix("_shape")
        if argument not in call_spec.arguments_dict:
            raise ValueError(
                f"{rule} For layer '{class_name}', received `{method}()` argument "
                f"`{name}`, but `call()` does not have argument `{argument}`."
            )
        if name in shapes:
            matched[name] = shapes[name]
    return matched


class CallContext:
    """The values that pass from an outer layer's call to the inner ones."""

    def __init__(self, entry_layer: Any) -> None:
        self.entry_layer = entry_layer
        self.values: dict[str, Any] = {}

    @property
    def training(self) -> Any:
        """The value of `training` in the running call."""
        return self.values.get("training")

    def get_value(self, name: str, default: Any = None) -> Any:
        """The value of a context argument."""
        return self.values.get(name, default)

    def set_value(self, name: str, value: Any) -> None:
        """Set a context argument for the layers called inside."""
        self.values[name] = value


def current_call_context() -> CallContext | None:
    """The context of the outermost running call, or `None` outside of calls."""
    return get_global_attribute("current_call_ctx")


def set_call_context(context: CallContext | None) -> None:
    """Make `context` the running one."""
    set_global_attribute("current_call_ctx", context)


def takes_one_argument(signature: inspect.Signature) -> bool:
    """Whether `call` needs its first argument only, and can take it by position."""
    parameters = list(signature.parameters.values())
    if not parameters or parameters[0].kind not in (
        inspect.Parameter.POSITIONAL_OR_KEYWORD,
        inspect.Parameter.POSITIONAL_ONLY,
    ):
        return False
    if parameters[0].name == "training":
        return False
    variadic = (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)
    if any(p.name == "training" and p.default is p.empty for p in parameters):
        return False
    return all(p.default is not p.empty or p.kind in variadic for p in parameters[1:])
