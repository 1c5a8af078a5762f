"""A layer without values: symbolic outputs, output shapes, stateless calls."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from lamina.engine import nest
from lamina.engine.graph import KerasTensor, Node
from lamina.keras.common.defaults import default, is_default
from lamina.keras.common.standardize import map_shapes
from lamina.keras.common.stateless import StatelessScope
from lamina.keras.layers.call_spec import CallSpec, evaluate_abstractly, match_shapes


class SymbolicMixin:
    """What a layer gives for symbolic inputs, shapes and given states."""

    name: str
    built: bool
    call: Callable[..., Any]
    _call_signature: Any
    _call_context_args: Any

    if TYPE_CHECKING:  # given by the other parts of a layer

        @property
        def compute_dtype(self) -> str:
            """The dtype of the computation."""
            ...

        @property
        def losses(self) -> list[Any]:
            """The losses of the last call."""
            ...

        @property
        def non_trainable_variables(self) -> list[Any]:
            """The variables that optimizers leave alone."""
            ...

        def _check_super_called(self) -> None: ...

    def symbolic_call(self, *args: Any, **kwargs: Any) -> Any:
        """The outputs as symbolic tensors; nothing is recorded."""
        return self.compute_output_spec(*args, **kwargs)

    def compute_output_spec(self, *args: Any, **kwargs: Any) -> Any:
        """The outputs' shapes and dtypes as `KerasTensor`s."""
        if is_default(self.compute_output_shape):
            return evaluate_abstractly(self.call, args, kwargs)
        spec = CallSpec(
            self._call_signature, self._call_context_args, args, dict(kwargs)
        )
        matched = match_shapes(
            self.compute_output_shape, spec.shapes(), spec, type(self).__name__
        )
        shape = self.compute_output_shape(**(matched or {}))
        if not isinstance(shape, (list, tuple, dict)):
            try:
                shape = tuple(shape)
            except TypeError:
                raise ValueError(
                    f"Method `compute_output_shape()` of layer {type(self).__name__} "
                    "is returning a type that cannot be interpreted as a shape. It "
                    f"should return a shape tuple. Received: {shape}"
                ) from None
        dtype = self.compute_dtype
        return map_shapes(lambda s: KerasTensor(s, dtype=dtype), shape)

    @default
    def compute_output_shape(self, *args: Any, **kwargs: Any) -> Any:
        """The shape of the outputs for the shape of the inputs.

        Raises:
            NotImplementedError: no shape was given.
        """
        shapes = args[0] if args else next(iter(kwargs.values()), None)
        if shapes is None:
            raise NotImplementedError(
                f"Layer {type(self).__name__} does not have a `compute_output_shape` "
                "method implemented. Should implement "
                "`def compute_output_shape(self, input_shape)`."
            )
        tensors = map_shapes(lambda s: KerasTensor(s, dtype=self.compute_dtype), shapes)
        outputs = evaluate_abstractly(self.call, (tensors,), {})
        return nest.map_structure(lambda x: tuple(x.shape), outputs)

    def stateless_call(
        self,
        trainable_variables: list[Any],
        non_trainable_variables: list[Any],
        *args: Any,
        return_losses: bool = False,
        **kwargs: Any,
    ) -> Any:
        """Call the layer with given variable values and without side effects.

        Args:
            trainable_variables: values for `self.trainable_variables`.
            non_trainable_variables: values for `self.non_trainable_variables`.
            *args: for `call`.
            return_losses: whether the losses are returned as well.
            **kwargs: for `call`.

        Returns:
            `(outputs, non_trainable_variables)`, with the losses as a third element
            if `return_losses`.

        Raises:
            ValueError: the layer is not built, or a list has another length.
        """
        self._check_super_called()
        name = type(self).__name__
        if not self.built:
            raise ValueError(
                f"To call stateless_call, {name} must be built (i.e. its variables "
                "must have been already created). You can build it by calling it on "
                "some data."
            )
        mapping = []
        for kind, values in (
            ("trainable_variables", trainable_variables),
            ("non_trainable_variables", non_trainable_variables),
        ):
            own = getattr(self, kind)
            if len(values) != len(own):
                raise ValueError(
                    f"Argument `{kind}` must be a list of tensors corresponding 1:1 to "
                    f"{name}().{kind}. Received list with length {len(values)}, but "
                    f"expected {len(own)} variables."
                )
            mapping += list(zip(own, values))
        with StatelessScope(mapping, collect_losses=return_losses) as scope:
            outputs = self.call(*args, **kwargs)
            losses = self.losses if return_losses else None
        updated = []
        for variable in self.non_trainable_variables:
            updated.append(scope.get_current_value(variable))
        if return_losses:
            return outputs, updated, losses
        return outputs, updated

    def _first_call(self, what: str) -> Node:
        nodes = self.__dict__.get("_inbound_nodes")
        if not nodes:
            raise AttributeError(
                f"The layer {self.name} has never been called and thus has no defined "
                f"{what}. Call it on keras.Input(shape=...) first."
            )
        return nodes[0]

    @property
    def input(self) -> Any:
        """The symbolic input of the first call: a tensor or a list of tensors."""
        tensors = self._first_call("input").inputs
        return tensors[0] if len(tensors) == 1 else list(tensors)

    @property
    def output(self) -> Any:
        """The symbolic output of the first call: a tensor or a list of tensors."""
        tensors = self._first_call("output").outputs
        return tensors[0] if len(tensors) == 1 else list(tensors)
