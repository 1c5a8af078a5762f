"""Calls of ops in the configs of Functional models.

An op that Keras has as well is written under Keras's name, so that Keras reads the
file: `tf.add(x, y)` becomes `keras.src.ops.numpy.Add`. Any other op is written under
its public path. Reading looks names up in the public tables only.
"""

from __future__ import annotations

import importlib
import re
import sys
from typing import Any, NamedTuple

from lamina._names import _lazy, is_symbol
from lamina.engine import nest
from lamina.engine.dtypes import DType
from lamina.engine.graph import OpCall, Operation, record
from lamina.engine.op import Op
from lamina.engine.tensor import is_tensor
from lamina.keras.common.naming import to_snake_case

MODULE = "lamina.ops"
CLASS_NAME = "OpCall"
_NUMPY = "keras.src.ops.numpy"
_NN = "keras.src.ops.nn"
_SPACES = ("", "math", "nn")
# Where ops may come from: only modules of pure functions, none that touches files.
_ROOMS = (
    "lamina.keras.activations.",
    "lamina.keras.ops.",
    "lamina.ops.array.",
    "lamina.ops.bitwise",
    "lamina.ops.image.",
    "lamina.ops.linalg.",
    "lamina.ops.math.",
    "lamina.ops.nn.",
    "lamina.ops.signal.",
    "lamina.ops.strings.",
)
_PLACE = re.compile(r"[a-z_]+(\.[a-z_0-9]+)+:[A-Za-z_0-9]+")

# Ops of tensors only, by the last part of their public paths.
_PLAIN: dict[str, tuple[str, str]] = {
    "abs": (_NUMPY, "Absolute"),
    "add": (_NUMPY, "Add"),
    "ceil": (_NUMPY, "Ceil"),
    "cos": (_NUMPY, "Cos"),
    "divide": (_NUMPY, "TrueDivide"),
    "equal": (_NUMPY, "Equal"),
    "exp": (_NUMPY, "Exp"),
    "expm1": (_NUMPY, "Expm1"),
    "floor": (_NUMPY, "Floor"),
    "greater": (_NUMPY, "Greater"),
    "greater_equal": (_NUMPY, "GreaterEqual"),
    "less": (_NUMPY, "Less"),
    "less_equal": (_NUMPY, "LessEqual"),
    "log": (_NUMPY, "Log"),
    "log1p": (_NUMPY, "Log1p"),
    "logical_and": (_NUMPY, "LogicalAnd"),
    "logical_not": (_NUMPY, "LogicalNot"),
    "logical_or": (_NUMPY, "LogicalOr"),
    "maximum": (_NUMPY, "Maximum"),
    "minimum": (_NUMPY, "Minimum"),
    "multiply": (_NUMPY, "Multiply"),
    "negative": (_NUMPY, "Negative"),
    "not_equal": (_NUMPY, "NotEqual"),
    "pow": (_NUMPY, "Power"),
    "sigmoid": (_NN, "Sigmoid"),
    "sign": (_NUMPY, "Sign"),
    "sin": (_NUMPY, "Sin"),
    "softplus": (_NN, "Softplus"),
    "sqrt": (_NUMPY, "Sqrt"),
    "square": (_NUMPY, "Square"),
    "subtract": (_NUMPY, "Subtract"),
    "tanh": (_NUMPY, "Tanh"),
    "truediv": (_NUMPY, "TrueDivide"),
    "relu": (_NN, "Relu"),
    "relu6": (_NN, "Relu6"),
}
_CORE = "keras.src.ops.core"
_REDUCTION = {"axis": "axis", "keepdims": "keepdims"}
# Ops with settings: Keras's class, and the op's parameters by Keras's names.
_WITH_SETTINGS: dict[str, tuple[str, str, dict[str, str]]] = {
    "cast": (_CORE, "Cast", {"dtype": "dtype"}),
    "concat": (_NUMPY, "Concatenate", {"axis": "axis"}),
    "expand_dims": (_NUMPY, "ExpandDims", {"axis": "axis"}),
    "linalg.matmul": (_NUMPY, "Matmul", {}),
    "matmul": (_NUMPY, "Matmul", {}),
    "nn.softmax": (_NN, "Softmax", {"axis": "axis"}),
    "reshape": (_NUMPY, "Reshape", {"shape": "newshape"}),
    "squeeze": (_NUMPY, "Squeeze", {"axis": "axis"}),
    "stack": (_NUMPY, "Stack", {"axis": "axis"}),
    "transpose": (_NUMPY, "Transpose", {"perm": "axes"}),
    **{
        f"{space}{ours}": (_NUMPY, theirs, _REDUCTION)
        for space, names in (
            ("reduce_", ("mean", "sum", "max", "min", "prod")),
            ("keras.ops.", ("mean", "sum", "max", "min", "prod")),
        )
        for ours, theirs in zip(names, ("Mean", "Sum", "Max", "Min", "Prod"))
    },
}


def _get_item(x: Any, key: Any) -> Any:
    return x[tuple(key) if isinstance(key, list) else key]


def _einsum(*operands: Any, subscripts: str, **settings: Any) -> Any:
    return _public("keras.ops.einsum")(subscripts, *operands, **settings)


# Keras's classes that take their settings in another way than the function.
_FUNCTIONS: dict[str, Any] = {"Einsum": _einsum, "GetItem": _get_item}


class KerasOpCall(Operation):
    """One call of a function of `keras.ops`, with its settings fixed.

    Args:
        function: the function.
        settings: keyword arguments of every call.
        name: the name.
    """

    def __init__(
        self,
        function: Any,
        settings: dict[str, Any],
        name: str | None,
        config: dict[str, Any],
    ) -> None:
        super().__init__(name=name)
        self.function = function
        self.settings = settings
        self.config = config

    def call(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function."""
        return self.function(*args, **{**self.settings, **kwargs})

    def symbolic_call(self, *args: Any, **kwargs: Any) -> Any:
        """Record one node for the whole call."""
        return record(self, args, kwargs)


class KerasForm(NamedTuple):
    """A call as Keras writes it: settings in the config, tensors as arguments."""

    module: str
    class_name: str
    settings: dict[str, Any]
    tensors: tuple[Any, ...]


def keras_form(call: OpCall) -> KerasForm | None:
    """A call of an op in Keras's form, or `None` if Keras has no such op."""
    op, node = call.op, call._inbound_nodes[0]
    space, _, last = op.path.rpartition(".")
    if last in _PLAIN and space in _SPACES:
        module, class_name = _PLAIN[last]
        names: dict[str, str] = {}
    elif op.path in _WITH_SETTINGS:
        module, class_name, names = _WITH_SETTINGS[op.path]
    else:
        return None
    settings: dict[str, Any] = {}
    tensors = []
    values = op.bind(node.args, node.kwargs)
    for parameter, value in zip(op.parameters, values, strict=True):
        if parameter.kind == "name":
            continue
        if parameter.kind != "attribute":
            tensors.append(value)
        elif any(is_tensor(leaf) for leaf in nest.flatten(value)):
            return None
        elif value is None:
            continue  # The default of both.
        elif parameter.name in names:
            settings[names[parameter.name]] = value
        elif value != parameter.default:
            return None
    return KerasForm(module, class_name, settings, tuple(tensors))


def describe_op_call(call: Any) -> dict[str, Any]:
    """The config of a call of an op."""
    if isinstance(call, KerasOpCall):
        return dict(call.config)
    form = keras_form(call)
    if form is not None:
        settings = {name: _plain(value) for name, value in form.settings.items()}
        return {
            "module": form.module,
            "class_name": form.class_name,
            "config": {"name": call.name, **settings},
            "registered_name": form.class_name,
        }
    return {
        "module": MODULE,
        "class_name": CLASS_NAME,
        "config": {"name": call.name, "op": call.op.path, "at": _place(call.op)},
        "registered_name": None,
    }


def _plain(value: Any) -> Any:
    if isinstance(value, DType):
        return value.name
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value.item() if hasattr(value, "item") else value


def is_op_config(config: dict[str, Any]) -> bool:
    """Whether a config describes a call of an op."""
    module = config.get("module")
    if module == MODULE:
        return config.get("class_name") == CLASS_NAME
    return isinstance(module, str) and (module + ".").startswith("keras.src.ops.")


def read_op_call(config: dict[str, Any]) -> Operation:
    """The call that a config describes.

    Raises:
        ValueError: there is no such op.
    """
    inner = dict(config.get("config") or {})
    name = inner.pop("name", None)
    if config.get("module") == MODULE:
        path = inner.get("op")
        op = _at_place(inner.get("at"), path)
        if op is None:
            op = _public(path)
        if isinstance(op, Op) and op.lower.__module__.startswith(_ROOMS):
            return OpCall(op, name=name)
        if callable(op) and str(path).startswith("keras.ops."):
            return KerasOpCall(op, {}, name, config)
        raise _unknown(path)
    class_name = config["class_name"]
    inner.pop("dtype_policy", None)
    for last, (_, known) in _PLAIN.items():
        if known != class_name or inner:
            continue
        for space in _SPACES:
            op = _public(f"{space}.{last}" if space else last)
            if isinstance(op, Op):
                return OpCall(op, name=name)
    public = f"keras.ops.{to_snake_case(class_name)}"
    function = _FUNCTIONS.get(class_name) or _public(public)
    if not callable(function):
        raise _unknown(public)
    return KerasOpCall(function, inner, name, config)


def _place(op: Op[..., Any]) -> str | None:
    """`module:attribute` of an op that is an attribute of its module."""
    home = op.lower.__module__
    if not home.startswith(_ROOMS):
        return None
    for name, value in vars(sys.modules[home]).items():
        if value is op:
            return f"{home}:{name}"
    return None


def _at_place(place: Any, path: Any) -> Op[..., Any] | None:
    """The op at `module:attribute`; only modules of ops are looked into."""
    if not isinstance(place, str) or not _PLACE.fullmatch(place):
        return None
    home, _, name = place.partition(":")
    if not home.startswith(_ROOMS):
        return None
    try:
        found = getattr(importlib.import_module(home), name, None)
    except ImportError:
        return None
    return found if isinstance(found, Op) and found.path == path else None


def _public(path: Any) -> Any:
    if not isinstance(path, str) or not is_symbol(path):
        return None
    space, _, name = path.rpartition(".")
    return _lazy.resolve(space, name)


def _unknown(path: Any) -> ValueError:
    return ValueError(
        "keras.saving.deserialize_keras_object: expected the path of a public op. "
        f"Received: {path!r}, which Lamina does not have. Rebuild the model with a "
        "layer in its place."
    )
