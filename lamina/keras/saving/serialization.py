"""Objects to JSON-able configs and back, in the format of Keras 3.

Only built-ins of an explicit list, registered objects and `custom_objects` are ever
made from a config. Code in a config (`__lambda__`) is refused.
"""

from __future__ import annotations

import inspect
import types
import warnings
from typing import Any

import numpy as np

from lamina.engine.dtypes import DType, as_dtype
from lamina.engine.graph import OpCall
from lamina.engine.shapes import TensorShape
from lamina.engine.tensor import convert_to_tensor
from lamina.engine.type_spec import TypeSpec
from lamina.keras.common.standardize import standardize_dtype
from lamina.keras.common.tensors import KerasTensor, is_value_tensor
from lamina.keras.saving import registry
from lamina.keras.saving.builtins import find_anywhere, find_builtin, public_location
from lamina.keras.saving.op_calls import (
    KerasOpCall,
    describe_op_call,
    is_op_config,
    read_op_call,
)
from lamina.keras.saving.sharing import (
    SafeModeScope,
    get_shared_object,
    in_safe_mode,
    record_after_deserialization,
    record_after_serialization,
)

PLAIN_TYPES = (str, int, float, bool)


class SerializableDict:
    """Constructor arguments that are serialised when a config is asked for."""

    def __init__(self, **config: Any) -> None:
        self.config = config

    def serialize(self) -> Any:
        """The arguments as configs."""
        return serialize_keras_object(self.config)


# ---------------------------------------------------------------- to configs


def serialize_keras_object(obj: Any) -> Any:
    """The config of an object: plain data, or a dict that names its class.

    Args:
        obj: a layer, model, loss, optimizer, function, tensor, array, or a structure
            of these.

    Returns:
        Data that `json` can write. A class instance becomes a dict with `module`,
        `class_name`, `config` and `registered_name`.

    Raises:
        TypeError: the object has no `get_config` method.

    Reference: `keras.saving.serialize_keras_object`. A lambda is recorded without its
    code; Lamina never loads code from a file.
    """
    if isinstance(obj, DType):
        return str(obj.name)
    if obj is None or isinstance(obj, PLAIN_TYPES):
        return obj
    if isinstance(obj, TensorShape):
        return obj.as_list() if obj.rank is not None else None
    if isinstance(obj, (list, tuple)):
        parts = [serialize_keras_object(item) for item in obj]
        return tuple(parts) if isinstance(obj, tuple) else parts
    if isinstance(obj, dict):
        return serialize_dict(obj)
    special = _serialize_special(obj)
    if special is not None:
        return special
    if isinstance(obj, np.generic) or (isinstance(obj, np.ndarray) and obj.ndim == 0):
        return obj.item()
    config = (
        describe_op_call(obj)
        if isinstance(obj, (OpCall, KerasOpCall))
        else _describe(obj)
    )
    if hasattr(obj, "get_build_config"):
        build_config = obj.get_build_config()
        if build_config is not None:
            config["build_config"] = serialize_dict(build_config)
    if hasattr(obj, "get_compile_config"):
        compile_config = obj.get_compile_config()
        if compile_config is not None:
            config["compile_config"] = serialize_dict(compile_config)
    record_after_serialization(obj, config)
    return config


def serialize_dict(obj: dict[str, Any]) -> dict[str, Any]:
    """The same dict with configs as its values."""
    return {key: serialize_keras_object(value) for key, value in obj.items()}


def _serialize_special(obj: Any) -> dict[str, Any] | None:
    if isinstance(obj, bytes):
        return _special("bytes", value=obj.decode("utf-8"))
    if isinstance(obj, slice):
        return _special("slice", start=obj.start, stop=obj.stop, step=obj.step)
    if obj is Ellipsis:
        return _special("ellipsis")
    if isinstance(obj, KerasTensor):
        history = getattr(obj, "_keras_history", None)
        if history:
            history = [history[0].name, history[1], history[2]]
        dtype = standardize_dtype(obj.dtype)
        shape = tuple(obj.shape)
        return _special(
            "keras_tensor", shape=shape, dtype=str(dtype), keras_history=history
        )
    if is_value_tensor(obj):
        value = np.asarray(obj)
        return _special("tensor", value=value.tolist(), dtype=_dtype_name(value))
    if isinstance(obj, np.ndarray) and obj.ndim > 0:
        return _special("numpy", value=obj.tolist(), dtype=_dtype_name(obj))
    if isinstance(obj, types.FunctionType) and obj.__name__ == "<lambda>":
        warnings.warn(
            "The object being serialized includes a `lambda`. Its code is not stored: "
            "Lamina never loads code from a file. Use a named function, decorated "
            "with `@keras.saving.register_keras_serializable()`.",
            stacklevel=2,
        )
        return _special("lambda", value=None)
    if isinstance(obj, TypeSpec):
        return {
            "class_name": "__typespec__",
            "spec_name": type(obj).__name__,
            "module": "tensorflow",
            "config": serialize_keras_object(list(_spec_parts(obj))),
            "registered_name": None,
        }
    return None


def _special(kind: str, **config: Any) -> dict[str, Any]:
    return {"class_name": f"__{kind}__", "config": serialize_dict(config)}


def _dtype_name(value: Any) -> str:
    return str(standardize_dtype(value.dtype))


def _spec_parts(spec: Any) -> tuple[Any, ...]:
    return (spec.shape, spec.dtype, getattr(spec, "name", None))


def _describe(obj: Any) -> dict[str, Any]:
    """The dict that names the class (or function) of `obj`."""
    is_function = isinstance(obj, types.FunctionType) or (
        callable(obj) and not hasattr(obj, "get_config") and hasattr(obj, "__name__")
    )
    subject = obj if is_function else type(obj)
    inner: Any = registry.get_registered_name(obj) if is_function else _config_of(obj)
    location = public_location(subject)
    if location is not None:
        module, name = location
        if is_function:
            return _entry(module, "function", inner, inner)
        return _entry(module, name, inner, None)
    registered = registry.get_registered_name(subject)
    module = getattr(subject, "__module__", None) or ""
    if module.startswith("lamina.keras."):
        module = module.replace("lamina.keras.", "keras.src.", 1)
    if is_function:
        registered_name = None if module == "builtins" else registered
        return _entry(module, "function", inner, registered_name)
    return _entry(module, subject.__name__, inner, registered)


def _entry(
    module: str, class_name: str, config: Any, registered_name: str | None
) -> dict[str, Any]:
    return {
        "module": module,
        "class_name": class_name,
        "config": config,
        "registered_name": registered_name,
    }


def _config_of(obj: Any) -> dict[str, Any]:
    if not hasattr(obj, "get_config"):
        raise TypeError(
            f"Cannot serialize object {obj} of type {type(obj)}. To be serializable, "
            "a class must implement the `get_config()` method."
        )
    config = obj.get_config()
    if not isinstance(config, dict):
        raise TypeError(
            f"The `get_config()` method of {obj} should return a dict. It returned: "
            f"{str(config)[:400]}"
        )
    return serialize_dict(config)


# -------------------------------------------------------------- from configs


def deserialize_keras_object(
    config: Any,
    custom_objects: dict[str, Any] | None = None,
    safe_mode: bool = True,
    module_objects: dict[str, Any] | None = None,
    **kwargs: Any,
) -> Any:
    """The object that a config describes.

    Args:
        config: what `serialize_keras_object` returned, or JSON of it.
        custom_objects: name to class or function, for what is not built in.
        safe_mode: accepted; lambdas are refused in either case.
        module_objects: built-ins of one family, by name, so that a plain name or
            class name stands for one of them.

    Raises:
        TypeError: the config is malformed, or names a class that is neither built
            in, nor registered, nor in `custom_objects`.
        ValueError: the config holds code, or names something that is no model part.

    Reference: `keras.saving.deserialize_keras_object`. Keras imports modules that a
    config names; Lamina does not.
    """
    scoped = in_safe_mode()
    reader = _Reader(
        {
            **(custom_objects or {}),
            **registry.scoped_custom_objects(),
            **registry.GLOBAL_CUSTOM_OBJECTS,
        },
        safe_mode if scoped is None else scoped,
    )
    if module_objects is not None:
        return reader.read_member(config, module_objects)
    return reader.read(config)


class _Reader:
    """One call of `deserialize_keras_object`."""

    def __init__(self, custom_objects: dict[str, Any], safe_mode: bool) -> None:
        self.custom_objects = custom_objects
        self.safe_mode = safe_mode

    def read(self, config: Any) -> Any:
        if config is None:
            return None
        if isinstance(config, str) and self.custom_objects.get(config) is not None:
            return self.custom_objects[config]
        if isinstance(config, (list, tuple)):
            return [self.read(item) for item in config]
        if isinstance(config, PLAIN_TYPES):
            return config
        if not isinstance(config, dict):
            raise TypeError(f"Could not parse config: {str(config)[:400]}")
        if "class_name" not in config or "config" not in config:
            return {key: self.read(value) for key, value in config.items()}
        class_name = config["class_name"]
        if isinstance(class_name, str) and class_name.startswith("__"):
            return self._read_special(class_name, config)
        if class_name == "function":
            return self._read_function(config)
        if is_op_config(config):
            return read_op_call(config)
        return self._read_instance(config)

    def read_member(self, config: Any, module_objects: dict[str, Any]) -> Any:
        """An object of one family, given by name, class name or full config."""
        inner: Any = None
        name = config
        if isinstance(config, dict):
            if "class_name" not in config:
                raise ValueError(
                    f"Unknown `config` as a `dict`, config={str(config)[:400]}"
                )
            inner = config.get("config")
            name = config["class_name"]
            custom = (name, config.get("registered_name"))
            if any(key in self.custom_objects for key in custom if key) or (
                isinstance(inner, str) and inner in self.custom_objects
            ):
                return self.read(config)
            if name == "function":
                builtin = config.get("module") == "builtins"
                name = inner if builtin else config.get("registered_name") or inner
            elif config.get("module", "_") is None and name not in module_objects:
                raise TypeError(_unknown(config, name))
        elif isinstance(config, str) and config in self.custom_objects:
            found = self.custom_objects[config]
            return found() if inspect.isclass(found) else found
        if not isinstance(name, str) or name not in module_objects:
            return self.read(config) if isinstance(config, dict) else config
        found = module_objects[name]
        if not inspect.isclass(found):
            return found
        return self._instantiate(found, inner or {}, {"config": inner})

    def _read_special(self, class_name: str, config: dict[str, Any]) -> Any:
        inner = config["config"] if config["config"] is not None else {}
        if class_name == "__keras_tensor__":
            tensor: Any = KerasTensor(inner["shape"], dtype=inner["dtype"])
            tensor._pre_serialization_keras_history = inner["keras_history"]
            return tensor
        if class_name == "__tensor__":
            return convert_to_tensor(np.array(inner["value"], _np(inner["dtype"])))
        if class_name == "__numpy__":
            return np.array(inner["value"], dtype=_np(inner["dtype"]))
        if class_name == "__bytes__":
            return inner["value"].encode("utf-8")
        if class_name == "__ellipsis__":
            return Ellipsis
        if class_name == "__slice__":
            return slice(*(self.read(inner[key]) for key in ("start", "stop", "step")))
        if class_name == "__lambda__":
            raise ValueError(
                "Requested the deserialization of a Python lambda. This carries a "
                "potential risk of arbitrary code execution and thus it is "
                "disallowed. Define a named function, register it with "
                "`@keras.saving.register_keras_serializable()` or pass it in "
                "`custom_objects`, and save the model again."
            )
        if class_name == "__typespec__":
            return self._read_spec(config)
        raise TypeError(f"Could not parse config: {str(config)[:400]}")

    def _read_spec(self, config: dict[str, Any]) -> Any:
        inner = config["config"]
        if not isinstance(inner, (tuple, list)):
            raise TypeError(
                "Expected 'config' to be a list or a tuple for a __typespec__ class "
                f"name,\ninstead got {type(inner)}\nFull config: {str(config)[:400]}"
            )
        known = {cls.__name__: cls for cls in _subclasses(TypeSpec)}
        cls = known.get(config.get("spec_name", ""))
        if cls is None:
            raise TypeError(
                "keras.saving.deserialize_keras_object: expected one of the type specs "
                f"{sorted(known)}. Received: {config.get('spec_name')!r}."
            )
        return cls(*inner)

    def _read_function(self, config: dict[str, Any]) -> Any:
        name = config["config"]
        if not isinstance(name, str):
            raise TypeError(
                "Expected 'config' to be a non-null str for a function classname,\n"
                f"instead got {type(name)}\nFull config: {str(config)[:400]}"
            )
        return self._find(name, name, config, "function")

    def _read_instance(self, config: dict[str, Any]) -> Any:
        class_name = config["class_name"]
        inner = config["config"] if config["config"] is not None else {}
        if not isinstance(inner, dict):
            raise TypeError(
                f"Expected 'config' to be a dict for {class_name},\n"
                f"instead got {type(inner)}\nFull config: {str(config)[:400]}"
            )
        if "shared_object_id" in config:
            shared = get_shared_object(config["shared_object_id"])
            if shared is not None:
                return shared
        registered = config.get("registered_name", class_name)
        cls = self._find(class_name, registered, config, "class")
        if isinstance(cls, types.FunctionType):
            return cls
        instance = self._instantiate(cls, inner, config)
        if "shared_object_id" in config:
            record_after_deserialization(instance, config["shared_object_id"])
        return instance

    def _instantiate(
        self, cls: Any, inner: dict[str, Any], config: dict[str, Any]
    ) -> Any:
        if not hasattr(cls, "from_config"):
            raise TypeError(
                f"Unable to reconstruct an instance of '{cls.__name__}' because the "
                "class is missing a `from_config()` method. Full object config: "
                f"{str(config)[:400]}"
            )
        scope = registry.CustomObjectScope(self.custom_objects)
        with scope, SafeModeScope(self.safe_mode):
            try:
                instance = cls.from_config(inner)
            except TypeError as error:
                raise TypeError(
                    f"{cls} could not be deserialized properly. Please ensure that "
                    "components that are Python object instances (layers, models, "
                    "etc.) returned by `get_config()` are explicitly deserialized in "
                    "the model's `from_config()` method.\n\n"
                    f"config={str(config)[:400]}."
                    f"\n\nException encountered: {error}"
                ) from error
            build_config = config.get("build_config")
            if build_config and not instance.built:
                instance.build_from_config(build_config)
                instance.built = True
            compile_config = config.get("compile_config")
            if compile_config:
                instance.compile_from_config(compile_config)
        return instance

    def _find(
        self, name: str, registered: str | None, config: dict[str, Any], kind: str
    ) -> Any:
        found = registry.get_registered_object(registered, self.custom_objects)
        if found is None and isinstance(name, str):
            found = self.custom_objects.get(name)
        if found is not None:
            return found
        module = config.get("module")
        builtin = None
        if module is None and "module" not in config:
            builtin = find_anywhere(name)
        elif isinstance(module, str) and module.split(".")[0] in ("keras", "tf_keras"):
            builtin = find_builtin(module.replace("tf_keras", "keras", 1), name)
        if builtin is None:
            if isinstance(module, str) and module.split(".")[0] == "keras":
                _refuse_public(module, name, config)
            raise TypeError(_unknown(config, name, kind))
        explicit = config.get("registered_name")
        if explicit and explicit not in (name, config["class_name"]):
            raise ValueError(
                f"`registered_name={explicit!r}` was provided in the config, but "
                f"'{module}.{name}' resolved to a Keras built-in and does not use "
                "registered names. Remove the `registered_name` field from the "
                f"config. Full object config: {str(config)[:400]}"
            )
        return builtin


def _refuse_public(module: str, name: str, config: dict[str, Any]) -> None:
    public = f"{module}.{name}"
    if module.split(".")[:2] != ["keras", "src"]:
        raise ValueError(
            f"Cannot deserialize `{public}`, pointing to something that is not a "
            "modeling API (a layer, loss, optimizer, …) of this version. Pass it in "
            f"`custom_objects` if it is yours. Full object config: {str(config)[:400]}"
        )


def _unknown(config: dict[str, Any], name: str, kind: str = "class") -> str:
    return (
        f"Could not locate {kind} '{name}'. Make sure custom classes and functions are "
        "decorated with `@keras.saving.register_keras_serializable()`, or pass them in "
        f"`custom_objects`. Full object config: {str(config)[:400]}"
    )


def _np(dtype: str) -> Any:
    return as_dtype(standardize_dtype(dtype)).np_dtype


def _subclasses(cls: type) -> list[type]:
    found: list[type] = [cls]
    sub: type
    for sub in cls.__subclasses__():
        found += _subclasses(sub)
    return found
