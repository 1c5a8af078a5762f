"""`EinsumDense`: a dense layer over any axes, given as an einsum equation."""

from __future__ import annotations

from typing import Any

from lamina.engine.errors import message
from lamina.engine.tensor import Tensor
from lamina.keras.activations import lookup as activations
from lamina.keras.activations.smooth import linear
from lamina.keras.constraints import lookup as constraints
from lamina.keras.initializers import lookup as initializers
from lamina.keras.initializers.random_initializers import VarianceScaling
from lamina.keras.layers.arguments import arguments_config, floating
from lamina.keras.layers.base import Layer
from lamina.keras.layers.core.lora import LoraMixin
from lamina.keras.regularizers import lookup as regularizers
from lamina.ops.linalg.products import einsum


class EinsumDense(LoraMixin, Layer):
    """`activation(einsum(equation, inputs, kernel) + bias)`.

    Args:
        equation: Such as `"abc,cd->abd"`. An ellipsis at the start or the end of the
            input and the output stands for axes that are left alone.
        output_shape: The output's shape without the batch (and without the axes of
            an ellipsis), or one integer; None for sizes taken from the input.
        activation: A function, its name, or None for none.
        bias_axes: The output's letters along which the bias varies; None for no bias.
        kernel_initializer: Of the kernel, whose shape the equation gives.
        bias_initializer: Of the bias.
        kernel_regularizer: A penalty on the kernel.
        bias_regularizer: A penalty on the bias.
        kernel_constraint: A projection of the kernel after each update.
        bias_constraint: A projection of the bias after each update.
        lora_rank: The rank of a low-rank update that is trained instead of the
            kernel; see `enable_lora`.
        lora_alpha: The factor of that update is `lora_alpha / lora_rank`.
        gptq_unpacked_column_size: Only None; see below.
        quantization_config: Only None; see below.
        **kwargs: `name`, `dtype`, `trainable`, `activity_regularizer`.

    Call arguments:
        inputs: A tensor whose axes the equation names.

    Returns:
        A tensor of the shape that the equation gives, in the compute dtype.

    Raises:
        ValueError: The equation, the output shape and the input do not fit.

    Example:
        >>> layer = EinsumDense("abc,cd->abd", output_shape=(None, 4), bias_axes="d")
        >>> layer(np.ones((2, 5, 3))).shape
        TensorShape([2, 5, 4])

    Reference: `keras.layers.EinsumDense`. Not here: quantisation.
    """

    def __init__(
        self,
        equation: str,
        output_shape: Any,
        activation: Any = None,
        bias_axes: str | None = None,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        lora_rank: int | None = None,
        lora_alpha: float | None = None,
        gptq_unpacked_column_size: None = None,
        quantization_config: None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.equation = equation
        self.partial_output_shape = (
            (output_shape,) if isinstance(output_shape, int) else tuple(output_shape)
        )
        self.activation = activations.get(activation)
        self.bias_axes = bias_axes
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        self.bias_constraint = constraints.get(bias_constraint)
        self._set_lora(
            lora_rank, lora_alpha, quantization_config or gptq_unpacked_column_size
        )

    def build(self, input_shape: Any) -> None:
        """Makes the kernel, and the bias if `bias_axes` is given."""
        kernel_shape, bias_shape, output_shape = equation_shapes(
            self.equation, self.bias_axes, input_shape, self.partial_output_shape
        )
        self.full_output_shape = output_shape
        self._kernel = self.add_weight(
            name="kernel",
            shape=kernel_shape,
            initializer=_for_equation(self.kernel_initializer, self.equation),
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
        )
        self.bias = None
        if bias_shape is not None:
            self.bias = self.add_weight(
                name="bias",
                shape=bias_shape,
                initializer=self.bias_initializer,
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
            )
        self.built = True
        if self.lora_rank:
            self.enable_lora(self.lora_rank, lora_alpha=self.lora_alpha)

    def call(self, inputs: Any, training: Any = None) -> Tensor:
        """Returns `activation(einsum(equation, inputs, kernel) + bias)`."""
        inputs = floating(inputs, self.compute_dtype)
        x = einsum(self.equation, inputs, self.kernel)
        if self.bias is not None:
            x = x + self.bias
        return x if self.activation in (None, linear) else self.activation(x)

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """Returns the shape that the equation gives."""
        return equation_shapes(
            self.equation, self.bias_axes, input_shape, self.partial_output_shape
        )[2]

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments as a JSON-able dict."""
        skip = ("output_shape", "gptq_unpacked_column_size", *self._lora_skip())
        return {
            **super().get_config(),
            **arguments_config(EinsumDense, self, skip),
            "output_shape": self.partial_output_shape,
            "activity_regularizer": regularizers.serialize(self.activity_regularizer),
        }


def _for_equation(initializer: Any, equation: str) -> Any:
    """The initializer with the equation's letters as its inputs and outputs.

    The rule for plain kernels, inputs before outputs in the last two axes, would take
    the heads of a `(D, N, H)` kernel for a receptive field.
    """
    if not isinstance(initializer, VarianceScaling) or (
        initializer.input_axes is not None and initializer.output_axes is not None
    ):
        return initializer
    left, _, output_spec = equation.replace(" ", "").partition("->")
    kernel_spec = left.partition(",")[2]
    outputs = [i for i, letter in enumerate(kernel_spec) if letter in output_spec]
    inputs = [i for i in range(len(kernel_spec)) if i not in outputs]
    config = initializer.get_config()
    config |= {"seed": initializer.seed, "input_axes": inputs, "output_axes": outputs}
    return type(initializer).from_config(config)


def equation_shapes(
    equation: str, bias_axes: str | None, input_shape: Any, output_shape: Any
) -> tuple[tuple[int, ...], tuple[int, ...] | None, tuple[int | None, ...]]:
    """The shapes of the kernel, of the bias (or None) and of the whole output.

    Raises:
        ValueError: the equation is malformed, or the shapes do not fit it.
    """
    try:
        left, output_spec = equation.replace(" ", "").split("->")
        input_spec, kernel_spec = left.split(",")
    except ValueError:
        raise _problem(
            f"Invalid einsum equation '{equation}'. Equations must be in the form "
            "[X],[Y]->[Z], ...[X],[Y]->...[Z], or [X]...,[Y]->[Z]..."
        ) from None
    at_left = input_spec.startswith("...")
    elided = len(input_shape) - len(input_spec.replace(".", ""))
    if ("..." in input_spec) != ("..." in output_spec) or "." in kernel_spec:
        raise _problem(
            f"Invalid einsum equation '{equation}'. An ellipsis must stand in both "
            "the input and the output"
        )
    if elided < 0 or (elided and "..." not in input_spec):
        raise _problem(
            f"the equation '{equation}' names {len(input_spec)} input axes, the input "
            f"has shape {tuple(input_shape)}"
        )
    inputs = input_spec.replace(".", "")
    outputs = output_spec.replace(".", "")
    full = [input_shape[0], *output_shape]
    if at_left:
        full[1:1] = input_shape[1:elided]
        offset = elided
    else:
        full += input_shape[len(input_shape) - elided :] if elided else ()
        offset = 0
    input_sizes = dict(zip(inputs, input_shape[offset:], strict=False))
    output_sizes = dict(zip(outputs, full[offset:], strict=False))
    _check_sizes(input_sizes, output_sizes, outputs, kernel_spec, equation)
    kernel = tuple(
        input_sizes[letter] if letter in input_sizes else output_sizes[letter]
        for letter in kernel_spec
    )
    trailing = 0 if at_left else elided
    bias = _bias_shape(bias_axes, outputs, output_sizes, trailing)
    return kernel, bias, tuple(full)


def _check_sizes(
    input_sizes: dict[str, Any],
    output_sizes: dict[str, Any],
    outputs: str,
    kernel_spec: str,
    equation: str,
) -> None:
    for letter, size in input_sizes.items():
        if output_sizes.get(letter) not in (None, size) and size is not None:
            raise _problem(
                f"Input shape and output shape do not match at shared dimension "
                f"'{letter}' of '{equation}'. Input size is {size}, and output size "
                f"is {output_sizes[letter]}"
            )
    for letter in outputs:
        if letter not in input_sizes and letter not in kernel_spec:
            raise _problem(
                f"Dimension '{letter}' was specified in the output '{outputs}' but "
                f"has no corresponding dimension in input or kernel of '{equation}'"
            )
    for letter in kernel_spec:
        if letter not in input_sizes and letter not in output_sizes:
            raise _problem(
                f"Weight dimension '{letter}' did not have a match in either the "
                f"input spec or the output spec of '{equation}'. Every kernel letter "
                "must be in one of them"
            )


def _bias_shape(
    bias_axes: str | None, outputs: str, sizes: dict[str, Any], trailing: int
) -> tuple[int, ...] | None:
    if not bias_axes:
        return None
    for letter in bias_axes:
        if letter not in outputs:
            raise _problem(
                f"Bias dimension '{letter}' was requested, but is not part of the "
                f"output spec '{outputs}'"
            )
    first = min(outputs.find(letter) for letter in bias_axes)
    shape = [sizes[a] if a in bias_axes else 1 for a in outputs[first:]]
    return tuple(shape + [1] * trailing)


def _problem(received: str) -> ValueError:
    return ValueError(
        message(
            "keras.layers.EinsumDense",
            expected="an equation that fits the input and output shapes",
            received=received,
            hint="For example EinsumDense('abc,cd->abd', output_shape=(None, 8), "
            "bias_axes='d') for inputs of rank 3.",
        )
    )
