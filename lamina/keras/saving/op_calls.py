"""Calls of ops in the configs of Functional models.

An op that Keras has as well is written under Keras's name, so that Keras reads the
file: `tf.add(x, y)` becomes `keras.src.ops.numpy.Add`. Any other op is written under
its public path. Reading looks names up in the public tables only.
"""

from __future__ import annotations

from typing import Any

from lamina._names import _lazy, is_symbol
from lamina.engine.graph import OpCall, Operation, record
from lamina.engine.op import Op
from lamina.keras.common.naming import to_snake_case

MODULE = "lamina.ops"
CLASS_NAME = "OpCall"
_NUMPY = "keras.src.ops.numpy"
_NN = "keras.src.ops.nn"

# Ops of tensors only, by their public paths.
_PLAIN: dict[str, tuple[str, str]] = {
    "math.abs": (_NUMPY, "Absolute"),
    "math.add": (_NUMPY, "Add"),
    "math.ceil": (_NUMPY, "Ceil"),
    "math.cos": (_NUMPY, "Cos"),
    "math.divide": (_NUMPY, "TrueDivide"),
    "math.equal": (_NUMPY, "Equal"),
    "math.exp": (_NUMPY, "Exp"),
    "math.expm1": (_NUMPY, "Expm1"),
    "math.floor": (_NUMPY, "Floor"),
    "math.greater": (_NUMPY, "Greater"),
    "math.greater_equal": (_NUMPY, "GreaterEqual"),
    "math.less": (_NUMPY, "Less"),
    "math.less_equal": (_NUMPY, "LessEqual"),
    "math.log": (_NUMPY, "Log"),
    "math.log1p": (_NUMPY, "Log1p"),
    "math.logical_and": (_NUMPY, "LogicalAnd"),
    "math.logical_not": (_NUMPY, "LogicalNot"),
    "math.logical_or": (_NUMPY, "LogicalOr"),
    "math.maximum": (_NUMPY, "Maximum"),
    "math.minimum": (_NUMPY, "Minimum"),
    "math.multiply": (_NUMPY, "Multiply"),
    "math.negative": (_NUMPY, "Negative"),
    "math.not_equal": (_NUMPY, "NotEqual"),
    "math.pow": (_NUMPY, "Power"),
    "math.sigmoid": (_NN, "Sigmoid"),
    "math.sign": (_NUMPY, "Sign"),
    "math.sin": (_NUMPY, "Sin"),
    "math.softplus": (_NN, "Softplus"),
    "math.sqrt": (_NUMPY, "Sqrt"),
    "math.square": (_NUMPY, "Square"),
    "math.subtract": (_NUMPY, "Subtract"),
    "math.tanh": (_NUMPY, "Tanh"),
    "math.truediv": (_NUMPY, "TrueDivide"),
    "nn.relu": (_NN, "Relu"),
    "nn.relu6": (_NN, "Relu6"),
}
# Keras's classes whose function has another name than the class.
_FUNCTIONS = {"GetItem": "getitem", "TrueDivide": "true_divide"}


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


def describe_op_call(call: Any) -> dict[str, Any]:
    """The config of a call of an op."""
    if isinstance(call, KerasOpCall):
        return dict(call.config)
    known = _PLAIN.get(call.op.path)
    if known is not None:
        module, class_name = known
        return {
            "module": module,
            "class_name": class_name,
            "config": {"name": call.name},
            "registered_name": class_name,
        }
    return {
        "module": MODULE,
        "class_name": CLASS_NAME,
        "config": {"name": call.name, "op": call.op.path},
        "registered_name": None,
    }


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
        op = _public(path)
        if not isinstance(op, Op):
            raise _unknown(path)
        return OpCall(op, name=name)
    class_name = config["class_name"]
    inner.pop("dtype_policy", None)
    for path, (_, known) in _PLAIN.items():
        if known == class_name and not inner:
            op = _public(path)
            if isinstance(op, Op):
                return OpCall(op, name=name)
    function_name = _FUNCTIONS.get(class_name, to_snake_case(class_name))
    function = _public(f"keras.ops.{function_name}")
    if not callable(function):
        raise _unknown(f"keras.ops.{function_name}")
    return KerasOpCall(function, inner, name, config)


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
