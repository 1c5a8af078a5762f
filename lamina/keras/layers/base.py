"""`Layer`: the class that all layers and models inherit from.

What a layer is: weights (`layer_state`), losses (`layer_losses`), a config
(`layer_config`) and the call, which is here: inputs are converted and checked, the
layer is built on its first call, `training` and masks are filled in, and a call on
symbolic inputs is recorded in the graph.
"""

from __future__ import annotations

import functools
import inspect
import warnings
from collections.abc import Callable
from typing import Any

from lamina.autograph.conversion import tf_convert
from lamina.engine import nest
from lamina.engine.graph import (
    Node,
    Operation,
    any_symbolic,
)
from lamina.engine.tensor import Tensor
from lamina.keras import dtype_policies, regularizers
from lamina.keras.common import remat
from lamina.keras.common.defaults import default, is_default
from lamina.keras.common.naming import auto_name, current_path, name_scope
from lamina.keras.common.tensors import (
    get_keras_mask,
    is_any_tensor,
    is_value_tensor,
    set_keras_mask,
)
from lamina.keras.dtype_policies import DTypePolicyMap
from lamina.keras.layers.call_spec import (
    CallContext,
    CallSpec,
    current_call_context,
    evaluate_abstractly,
    match_shapes,
    set_call_context,
    takes_one_argument,
)
from lamina.keras.layers.input_spec import assert_input_compatibility
from lamina.keras.layers.layer_config import ConfigMixin, constructor_arguments
from lamina.keras.layers.layer_dtype import DTypeMixin
from lamina.keras.layers.layer_errors import explain_call, missing_attribute
from lamina.keras.layers.layer_losses import LossesMixin
from lamina.keras.layers.layer_masks import MaskMixin
from lamina.keras.layers.layer_remat import RematMixin
from lamina.keras.layers.layer_state import StateMixin
from lamina.keras.layers.layer_symbolic import SymbolicMixin
from lamina.keras.saving.pickling import reduce_layer

_ATOMS = (int, float, str, bool, type(None))


def _build_wrapper(build: Callable[..., None]) -> Callable[..., None]:
    """`build` with the name scope, the record of shapes and the lock around it."""

    @functools.wraps(build)
    def wrapper(self: Any, *args: Any, **kwargs: Any) -> None:
        if self.__dict__.get("_building"):
            return build(self, *args, **kwargs)
        self._check_super_called()
        object.__setattr__(self, "_building", True)
        try:
            with self._open_name_scope():
                self._path = current_path()
                build(self, *args, **kwargs)
        finally:
            object.__setattr__(self, "_building", False)
        bound = inspect.signature(build).bind(self, *args, **kwargs).arguments
        bound.pop(next(iter(bound)))
        object.__setattr__(self, "_build_shapes_dict", dict(bound))
        self.built = True
        self._post_build()
        self._lock_state()
        return None

    wrapper._is_build_wrapper = True  # type: ignore[attr-defined]
    return wrapper


class Layer(
    StateMixin,
    LossesMixin,
    DTypeMixin,
    MaskMixin,
    RematMixin,
    SymbolicMixin,
    ConfigMixin,
    Operation,
):
    """A callable object with weights: the building block of models.

    A subclass stores its arguments in `__init__`, makes its weights in
    `build(self, input_shape)` with `add_weight`, and computes in `call`. Weights,
    layers and metrics that are assigned to attributes (also inside lists and dicts)
    are tracked. `build` runs at the first call. `call` may take `training` and `mask`,
    which the layer fills in when the caller does not.

    Args:
        activity_regularizer: adds a penalty on the outputs to the losses.
        trainable: whether the weights are trained.
        dtype: the dtype of computation and weights, or a `DTypePolicy`; `None` is the
            global policy.
        autocast: whether float inputs are cast to the compute dtype.
        name: the layer's name; made from the class's if `None`.
        input_shape, input_dim, batch_input_shape, weights: the spellings of Keras 2,
            for a first layer's input and for initial weights.

    Raises:
        ValueError: `trainable` is no bool, or an argument is unknown.

    Example:

        >>> class Scale(keras.layers.Layer):
        ...     def build(self, input_shape):
        ...         self.scale = self.add_weight(shape=(input_shape[-1],), name="scale")
        ...     def call(self, inputs):
        ...         return inputs * self.scale

    Reference: `keras.Layer`. Differences: Keras 2 spellings are accepted silently,
    plain `tf.Variable` attributes are weights too, and there is no quantisation.
    """

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        build = getattr(cls, "build", None)
        if callable(build) and not getattr(build, "_is_build_wrapper", False):
            cls.build = _build_wrapper(build)  # type: ignore[method-assign]

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        instance = object.__new__(cls)
        arguments, variadic = constructor_arguments(cls, args, kwargs)
        instance.__dict__["_auto_config"] = arguments
        instance.__dict__["_auto_config_error_args"] = variadic
        instance.__dict__["_lock"] = True
        return instance

    def __init__(
        self,
        *,
        activity_regularizer: Any = None,
        trainable: bool = True,
        dtype: Any = None,
        autocast: bool = True,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        self.__dict__["_lock"] = False
        self._initialize_tracker()
        Operation.__init__(self, name=name or auto_name(type(self).__name__))
        self._dtype_policy = dtype_policies.get(dtype)
        self.activity_regularizer = regularizers.get(activity_regularizer)
        self._take_legacy_arguments(kwargs)
        if not isinstance(trainable, bool):
            raise ValueError(
                "Expected `trainable` to be a boolean. "
                f"Received: trainable={trainable} (of type {type(trainable)})"
            )
        self._trainable = trainable
        self._path: str | None = None
        self._parent_path: str | None = None
        self.built = False
        self.autocast = autocast
        self._input_spec: Any = None
        self._called = False
        self.supports_jit = True
        self.__dict__["_losses"] = []
        self.__dict__["_loss_ids"] = set()
        self.__dict__["_losses_override"] = []
        self.__dict__["_build_shapes_dict"] = None
        self._call_signature = inspect.signature(self.call)
        parameters = self._call_signature.parameters
        self.__dict__["call_signature_parameters"] = list(parameters)
        self._call_has_training_arg = "training" in parameters
        self._call_has_mask_arg = "mask" in parameters
        self.__dict__["_default_training"] = (
            parameters["training"].default if "training" in parameters else None
        )
        self.__dict__["_plain_signature"] = is_default(
            self.compute_mask
        ) and takes_one_argument(self._call_signature)
        self.__dict__["_call_context_args"] = {"training"}
        self.__dict__["_call_has_context_arg"] = {"training": "training" in parameters}
        self._supports_masking = not is_default(self.compute_mask)
        self._convert_input_args = True
        self._allow_non_tensor_positional_args = False
        self.__dict__["_remat_mode"] = remat.get_current_remat_mode()

    def _take_legacy_arguments(self, kwargs: dict[str, Any]) -> None:
        size = kwargs.pop("input_dim", None)
        shape = kwargs.pop("input_shape", None)
        if size is not None:
            shape = (size,)
        batch_shape = kwargs.pop("batch_input_shape", None)
        batch_size = kwargs.pop("batch_size", None)
        if batch_shape is not None:
            shape, batch_size = tuple(batch_shape)[1:], batch_shape[0]
        if shape is not None:
            if isinstance(shape, int):
                shape = (shape,)
            self.__dict__["_input_shape_arg"] = tuple(shape)
            self.__dict__["_input_batch_size_arg"] = batch_size
        self.__dict__["_initial_weights"] = kwargs.pop("weights", None)
        if kwargs:
            raise ValueError(
                "Unrecognized keyword arguments passed to "
                f"{type(self).__name__}: {kwargs}. Give them to your own constructor, "
                "or correct the name."
            )

    # ---------------------------------------------------------------- building

    @property
    def path(self) -> str | None:  # type: ignore[override]
        """The names of the enclosing layers and this one, joined with `/`."""
        return self._path

    @property
    def input_spec(self) -> Any:
        """What the layer expects of its first argument: `InputSpec`s or `None`."""
        return self._input_spec

    @input_spec.setter
    def input_spec(self, value: Any) -> None:
        self._input_spec = value

    @_build_wrapper
    @default
    def build(self, input_shape: Any) -> None:
        """Make the weights; called with the input's shape at the first call.

        Args:
            input_shape: the shape of the first argument of `call`. With several
                arguments name them `x_shape` after the arguments `x` of `call`.
        """
        if is_default(self.build) and any(not x.built for x in self._layers):
            warnings.warn(
                f"`build()` was called on layer '{self.name}', however the layer does "
                "not have a `build()` method implemented and it looks like it has "
                "unbuilt state. This will cause the layer to be marked as built, "
                "despite not being actually built, which may cause failures down the "
                "line. Make sure to implement a proper `build()` method.",
                stacklevel=2,
            )
        self.built = True

    def _post_build(self) -> None:
        weights = self.__dict__.get("_initial_weights")
        if weights is not None:
            self.__dict__["_initial_weights"] = None
            self.set_weights(weights)

    def _build_at_init(self) -> None:
        """Mark a layer without weights as built, unless a subclass has a `build`."""
        if is_default(self.build):
            self.built = True
            self._post_build()
            self._lock_state()

    def _maybe_build(self, call_spec: CallSpec) -> None:
        if self.built:
            return
        shapes = call_spec.shapes()
        if not is_default(self.build):
            matched = match_shapes(self.build, shapes, call_spec, type(self).__name__)
            self.build(**(matched or {}))
            self._assert_input_compatibility(call_spec.first_arg)
            return
        if any(not layer.built for layer in self._layers):
            # The inner layers are built by running `call` without values. Where there
            # are values the call itself builds them.
            if all(
                is_value_tensor(x)
                for value in call_spec.tensor_arguments_dict.values()
                for x in nest.flatten(value)
                if x is not None
            ):
                return
            try:
                evaluate_abstractly(self.call, (), call_spec.arguments_dict)
            except Exception as error:
                self._warn_unbuilt(error)
        self.build(next(iter(shapes.values()), None))

    def _warn_unbuilt(self, error: Exception) -> None:
        warnings.warn(
            f"Layer '{self.name}' looks like it has unbuilt state, but its `call()` "
            "could not be traced to build it automatically. Either `call()` fails "
            "(try it on some data first), or the layer needs a "
            "`build(self, input_shape)` that builds its inner layers.\n"
            f"Exception encountered: ''{error}''",
            stacklevel=4,
        )

    # -------------------------------------------------------------------- call

    def call(self, *args: Any, **kwargs: Any) -> Any:
        """Compute the outputs; every layer has its own."""
        raise NotImplementedError(
            f"Layer {type(self).__name__} does not have a `call` method implemented."
        )

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        self._check_super_called()
        self.__dict__["_called"] = True
        if self._is_plain_call(args, kwargs):
            return self._call_plainly(args[0], kwargs.get("training"))
        original_args, original_kwargs = args, kwargs
        if self._convert_input_args:
            args, kwargs = self._convert_inputs(args, kwargs)
        if kwargs is original_kwargs:
            kwargs = dict(kwargs)
        self._check_positional(args)
        call_spec = self._bind(args, kwargs)
        self._assert_input_compatibility(call_spec.first_arg)
        with self._open_name_scope():
            self._maybe_build(call_spec)
        context = self._enter_call_context()
        try:
            for name in self._call_context_args:
                self._resolve_context_argument(name, call_spec, context, kwargs)
            previous_mask = self._fill_in_masks(call_spec, kwargs)
            symbolic = any_symbolic(original_args, original_kwargs)
            with self._open_name_scope():
                if self._path is None:
                    self._path = current_path()
                outputs = self._run(symbolic, args, kwargs)
                if not self.built:
                    self.build(next(iter(call_spec.shapes().values()), None))
                if self.activity_regularizer is not None:
                    self._regularize_activity(outputs)
            self._pass_mask_on(call_spec.first_arg, outputs, previous_mask)
        finally:
            self._leave_call_context()
        if symbolic:
            Node(self, original_args, original_kwargs, outputs)
        return outputs

    def _is_plain_call(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
        """Whether a built layer is called on one tensor without a mask."""
        state = self.__dict__
        return (
            state["built"]
            and len(args) == 1
            and type(args[0]) is Tensor
            and (not kwargs or (len(kwargs) == 1 and "training" in kwargs))
            and state["_plain_signature"]
            and get_keras_mask(args[0]) is None
            and state["activity_regularizer"] is None
            and len(state["_call_context_args"]) == 1
        )

    def _call_plainly(self, x: Tensor, training: Any) -> Any:
        """`__call__` without the steps that such a call does not need."""
        if self._convert_input_args and x.dtype != self.input_dtype:
            x = self.dtype_policy.convert_input(x, self.autocast, self.input_dtype)
        self._assert_input_compatibility(x)
        context = self._enter_call_context()
        try:
            if training is None:
                training = context.get_value("training")
            if training is None:
                training = self._default_training
            context.set_value("training", training)
            passed = training is not None and self._call_has_training_arg
            kwargs = {"training": training} if passed else {}
            if not self._layers:
                return self._run(False, (x,), kwargs)
            with self._open_name_scope():
                return self._run(False, (x,), kwargs)
        finally:
            self._leave_call_context()

    def _convert_inputs(
        self, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        policy, autocast, dtype = self.dtype_policy, self.autocast, self.input_dtype
        if not kwargs and len(args) == 1:
            only = args[0]
            if isinstance(only, Tensor) and (only.dtype == dtype):
                return args, kwargs

        def convert(x: Any) -> Any:
            if x is None or isinstance(x, _ATOMS):
                return x
            converted = policy.convert_input(x, autocast, dtype)
            if converted is not x:
                mask = get_keras_mask(x)
                if mask is not None:
                    set_keras_mask(converted, mask)
            return converted

        return nest.map_structure(convert, args), nest.map_structure(convert, kwargs)

    def _check_positional(self, args: tuple[Any, ...]) -> None:
        if self._allow_non_tensor_positional_args:
            return
        for arg in nest.flatten(args):
            if not is_any_tensor(arg, allow_none=True):
                raise ValueError(
                    "Only input tensors may be passed as positional arguments. The "
                    "following argument value should be passed as a keyword argument: "
                    f"{arg} (of type {type(arg)}). Layer: '{self.path or self.name}'."
                )

    def _bind(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> CallSpec:
        try:
            return CallSpec(self._call_signature, self._call_context_args, args, kwargs)
        except TypeError as error:
            name = f"{type(self).__name__}.call()"
            raise TypeError(
                f"{name} {error}. Layer '{self.path or self.name}' takes the arguments "
                f"{self._call_signature}."
            ) from None

    def _resolve_context_argument(
        self,
        name: str,
        call_spec: CallSpec,
        context: CallContext,
        kwargs: dict[str, Any],
    ) -> None:
        """The caller's value, else the outer layer's, else the default of `call`."""
        value = call_spec.user_arguments_dict.get(name)
        if value is None:
            value = context.get_value(name)
        if value is None:
            value = call_spec.arguments_dict.get(name)
        context.set_value(name, value)
        if value is not None and self._call_has_context_arg.get(name, False):
            kwargs[name] = value

    def _register_call_context_args(self, *names: str) -> None:
        """Let `names` pass from this layer to inner layers, as `training` does."""
        if self._called:
            raise RuntimeError(
                "Cannot add call-context args after the layer has been called."
            )
        self._call_context_args.update(names)
        self._call_has_context_arg.update(
            {name: name in self.call_signature_parameters for name in names}
        )

    def _run(
        self, symbolic: bool, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        scope = self._new_autocast_scope()
        function = self.symbolic_call if symbolic else tf_convert(self.call)
        if self._remat_mode is not None and not symbolic:
            function = self.rematerialized_call(self.call, *args, **kwargs)
        try:
            if scope is None:
                return function(*args, **kwargs)
            with scope:
                return function(*args, **kwargs)
        except Exception as error:
            explain_call(error, self, args, kwargs)
            raise

    def _regularize_activity(self, outputs: Any) -> None:
        for output in nest.flatten(outputs):
            if is_value_tensor(output):
                loss = self.activity_regularizer(output)
                if output.ndim > 0 and output.shape[0]:
                    loss = loss / float(output.shape[0])
                self.add_loss(loss)

    # ----------------------------------------------------------------- context

    def _enter_call_context(self) -> CallContext:
        context = current_call_context()
        if context is None:
            context = CallContext(self)
            set_call_context(context)
            self._clear_losses()
        return context

    def _leave_call_context(self) -> None:
        context = current_call_context()
        if context is None or context.entry_layer is self:
            set_call_context(None)

    def _open_name_scope(self) -> name_scope:
        if self._parent_path is None:
            self._parent_path = current_path()
        return name_scope(self.name, caller=self)

    def _assert_input_compatibility(self, first_arg: Any) -> None:
        if self.input_spec:
            assert_input_compatibility(self.input_spec, first_arg, self.name)

    # -------------------------------------------------------------- description

    @default
    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments, from which `from_config` makes an equal layer.

        Raises:
            NotImplementedError: an argument is not plain data and the class does not
                override this method.
        """
        self._check_super_called()
        config = self._base_config()
        config["trainable"] = self.trainable
        config["dtype"] = dtype_policies.serialize(self.dtype_policy)
        if self.activity_regularizer is not None:
            config["activity_regularizer"] = regularizers.serialize(
                self.activity_regularizer
            )
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """A layer with the arguments that `get_config` returned.

        Raises:
            TypeError: the constructor does not accept the arguments.
        """
        if isinstance(config.get("dtype"), dict):
            policy = dtype_policies.deserialize(config["dtype"])
            is_map = isinstance(policy, DTypePolicyMap)
            config = {**config, "dtype": policy if is_map else policy.name}
        return super().from_config(config)

    def _obj_type(self) -> str:
        return "Layer"

    def __repr__(self) -> str:
        if self.__dict__.get("_lock", True):
            return f"<{type(self).__name__} (without super().__init__())>"
        return f"<{type(self).__name__} name={self.name}, built={self.built}>"

    __str__ = __repr__

    def __hash__(self) -> int:
        return id(self)

    def __reduce__(self) -> Any:
        return reduce_layer(self)

    # --------------------------------------------------------------- attributes

    def __setattr__(self, name: str, value: Any) -> None:
        if type(value) not in _ATOMS:
            if "_tracker" not in self.__dict__:
                self._initialize_tracker()
            value = self._tracker.track(value)
        object.__setattr__(self, name, value)

    def __getattr__(self, name: str) -> Any:
        side = {"input_shape": "inputs", "output_shape": "outputs"}.get(name)
        nodes = self.__dict__.get("_inbound_nodes")
        if side and nodes:  # As in Keras 2: the shapes of the first symbolic call.
            shapes = [tuple(t.shape) for t in getattr(nodes[0], side)]
            return shapes[0] if len(shapes) == 1 else shapes
        raise missing_attribute(self, name)

    def __delattr__(self, name: str) -> None:
        value = self.__dict__.get(name)
        if value is not None and type(value) not in _ATOMS:
            self._untrack_variable(value)
        object.__delattr__(self, name)

    def _check_super_called(self) -> None:
        if self.__dict__.get("_lock", True):
            raise RuntimeError(
                f"In layer '{type(self).__name__}', you forgot to call "
                "`super().__init__()` as the first statement in the `__init__()` "
                "method. Go add it!"
            )
