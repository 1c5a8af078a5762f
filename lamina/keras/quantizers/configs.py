"""`QuantizationConfig` and its kinds: what is to be rounded, and how."""

from __future__ import annotations

from typing import Any, Self

from lamina.engine.errors import message
from lamina.keras.quantizers.quantizer import AbsMaxQuantizer
from lamina.keras.saving.serialization import (
    deserialize_keras_object,
    serialize_keras_object,
)


def reject(kind: str, expected: str, received: str, hint: str) -> ValueError:
    """The error for a setting that a config refuses."""
    return ValueError(
        message(
            f"keras.quantizers.{kind}", expected=expected, received=received, hint=hint
        )
    )


class QuantizationConfig:
    """Says how the weights and the activations of a layer are to be quantised.

    Make one of the subclasses; each has a `mode`.

    Args:
        weight_quantizer: The `Quantizer` of the weights, or None for the default.
        activation_quantizer: The `Quantizer` of the activations, or None to leave
            them as they are.

    Reference: `keras.quantizers.QuantizationConfig`.
    """

    def __init__(
        self, weight_quantizer: Any = None, activation_quantizer: Any = None
    ) -> None:
        self.weight_quantizer = weight_quantizer
        self.activation_quantizer = activation_quantizer

    @property
    def mode(self) -> str:
        """The name of the kind of quantisation, such as `"int8"`.

        Raises:
            NotImplementedError: A subclass does not define it.
        """
        raise NotImplementedError(
            message(
                "keras.quantizers.QuantizationConfig.mode",
                expected="a subclass with a `mode`",
                received=type(self).__name__,
                hint="Subclasses must implement this property. Do not instantiate "
                "QuantizationConfig directly.",
            )
        )

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments as a JSON-able dict."""
        return {
            "weight_quantizer": serialize_keras_object(self.weight_quantizer),
            "activation_quantizer": serialize_keras_object(self.activation_quantizer),
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """Makes a config from the dict that `get_config` returned."""
        return cls(**_with_quantizers(config))

    @staticmethod
    def weight_quantizer_or_default(config: Any, default: Any) -> Any:
        """The weight quantizer of `config`, or `default` where it has none."""
        if config is not None and config.weight_quantizer is not None:
            return config.weight_quantizer
        return default

    @staticmethod
    def activation_quantizer_or_default(config: Any, default: Any) -> Any:
        """The activation quantizer of `config`; `default` without a config."""
        return default if config is None else config.activation_quantizer


def _with_quantizers(config: dict[str, Any]) -> dict[str, Any]:
    read = dict(config)
    for key in ("weight_quantizer", "activation_quantizer"):
        read[key] = deserialize_keras_object(config.get(key))
    return read


def _check_int8(kind: str, quantizer: Any) -> None:
    if quantizer is not None and quantizer.output_dtype != "int8":
        raise reject(
            kind,
            "a weight_quantizer with output_dtype='int8'",
            f"output_dtype={quantizer.output_dtype}",
            f"{kind} requires a weight_quantizer with output_dtype='int8'.",
        )


class Int8QuantizationConfig(QuantizationConfig):
    """8-bit integers for the weights and, by default, the activations.

    Args:
        weight_quantizer: The quantizer of the weights, with int8 outputs.
        activation_quantizer: The quantizer of the activations; `"default"` is
            `AbsMaxQuantizer()`, None leaves them as they are.

    Raises:
        ValueError: The weight quantizer does not give int8.

    Reference: `keras.quantizers.Int8QuantizationConfig`.
    """

    def __init__(
        self, weight_quantizer: Any = None, activation_quantizer: Any = "default"
    ) -> None:
        if isinstance(activation_quantizer, str) and activation_quantizer == "default":
            activation_quantizer = AbsMaxQuantizer()
        super().__init__(weight_quantizer, activation_quantizer)
        _check_int8("Int8QuantizationConfig", weight_quantizer)

    @property
    def mode(self) -> str:
        """`"int8"`."""
        return "int8"


class Int4QuantizationConfig(QuantizationConfig):
    """4-bit integers for the weights.

    Args:
        weight_quantizer: The quantizer of the weights, with int8 outputs in
            [-8, 7].
        activation_quantizer: The quantizer of the activations; `"default"` and
            None leave them as they are.
        block_size: The number of inputs that share a scale; None or -1 for one
            scale an output.

    Raises:
        ValueError: `block_size` is 0 or below -1, or positive together with a
            quantizer; or the weight quantizer has another range or dtype.

    Reference: `keras.quantizers.Int4QuantizationConfig`.
    """

    def __init__(
        self,
        weight_quantizer: Any = None,
        activation_quantizer: Any = "default",
        block_size: int | None = 128,
    ) -> None:
        if isinstance(activation_quantizer, str) and activation_quantizer == "default":
            activation_quantizer = None
        super().__init__(weight_quantizer, activation_quantizer)
        kind = "Int4QuantizationConfig"
        if block_size is not None and block_size != -1 and block_size <= 0:
            raise reject(
                kind,
                "a block_size that is None, -1 or positive",
                f"block_size={block_size}",
                "block_size must be None, -1, or a positive integer.",
            )
        self.block_size = block_size
        custom = weight_quantizer is not None or activation_quantizer is not None
        if block_size is not None and block_size > 0 and custom:
            raise reject(
                kind,
                "no quantizers beside a positive block_size",
                f"block_size={block_size}",
                "Int4 sub-channel quantization (block_size > 0) does not support "
                "custom quantizers: set block_size to None or -1.",
            )
        if weight_quantizer is not None:
            bounds = tuple(weight_quantizer.value_range)
            if bounds != (-8, 7):
                raise reject(
                    kind,
                    "a weight_quantizer with value_range=(-8, 7)",
                    f"value_range={bounds}",
                    f"{kind} requires a weight_quantizer with value_range=(-8, 7).",
                )
            _check_int8(kind, weight_quantizer)

    @property
    def mode(self) -> str:
        """`"int4"`."""
        return "int4"

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments as a JSON-able dict."""
        return {**super().get_config(), "block_size": self.block_size}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """Makes a config from the dict that `get_config` returned.

        A dict without `block_size` means one scale an output.
        """
        return cls(**{"block_size": None, **_with_quantizers(config)})


class Float8QuantizationConfig(QuantizationConfig):
    """Training in 8-bit floats; takes no quantizers.

    Reference: `keras.quantizers.Float8QuantizationConfig`.
    """

    def __init__(self) -> None:
        super().__init__(None, None)

    @property
    def mode(self) -> str:
        """`"float8"`."""
        return "float8"

    def get_config(self) -> dict[str, Any]:
        """Returns an empty dict."""
        return {}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """Makes a config from the dict that `get_config` returned."""
        return cls()
