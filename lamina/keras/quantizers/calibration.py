"""The settings of quantisation that looks at data: GPTQ and AWQ."""

from __future__ import annotations

from typing import Any, Self

from lamina.keras.quantizers.configs import QuantizationConfig, reject


class _CalibratedConfig(QuantizationConfig):
    """What GPTQ and AWQ share: data, samples, sequences and groups."""

    _mode: str
    _widths: tuple[int, ...]
    _width_hint: str

    def __init__(
        self,
        dataset: Any,
        tokenizer: Any,
        weight_bits: int,
        num_samples: int,
        sequence_length: int,
        group_size: int,
        quantization_layer_structure: dict[str, Any] | None,
    ) -> None:
        super().__init__()
        kind = type(self).__name__
        if weight_bits not in self._widths:
            raise reject(
                kind,
                f"weight_bits among {self._widths}",
                f"weight_bits={weight_bits}",
                self._width_hint.format(weight_bits),
            )
        self._check_positive("num_samples", num_samples)
        self._check_positive("sequence_length", sequence_length)
        if group_size < -1 or group_size == 0:
            raise reject(
                kind,
                "a group_size that is -1 or positive",
                f"group_size={group_size}",
                "Invalid group_size. Supported values are -1 (no groups) or a "
                f"positive integer, but got {group_size}.",
            )
        self.dataset = dataset
        self.tokenizer = tokenizer
        self.weight_bits = weight_bits
        self.num_samples = num_samples
        self.sequence_length = sequence_length
        self.group_size = group_size
        self.quantization_layer_structure = quantization_layer_structure

    def _check_positive(self, name: str, value: int) -> None:
        if value <= 0:
            raise reject(
                type(self).__name__,
                f"a positive {name}",
                f"{name}={value}",
                f"{name} must be a positive integer.",
            )

    @property
    def mode(self) -> str:
        """The name of the method."""
        return self._mode

    def dtype_policy_string(self) -> str:
        """The dtype policy that these settings name, such as `"gptq/4/128"`."""
        return f"{self._mode}/{self.weight_bits}/{self.group_size}"

    def get_config(self) -> dict[str, Any]:
        """Returns the settings as a JSON-able dict, without data and tokenizer."""
        return {
            "dataset": None,
            "tokenizer": None,
            "weight_bits": self.weight_bits,
            "num_samples": self.num_samples,
            "sequence_length": self.sequence_length,
            "group_size": self.group_size,
            "quantization_layer_structure": self.quantization_layer_structure,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """Makes a config from the dict that `get_config` returned."""
        return cls(**config)


class GPTQConfig(_CalibratedConfig):
    """The settings of GPTQ, which quantises weights so as to keep outputs.

    Args:
        dataset: Texts, or token arrays, to calibrate with.
        tokenizer: A function from a text to tokens.
        weight_bits: 2, 3, 4 or 8.
        num_samples: How many sequences to calibrate with.
        per_channel: Whether each output has its own scale.
        sequence_length: Tokens in a sequence.
        hessian_damping: What is added to the Hessian's diagonal, relative to its
            mean; from 0 to 1.
        group_size: The number of weights that share a scale, or -1.
        symmetric: Whether the range is symmetric about 0.
        activation_order: Whether columns are treated by decreasing activation.
        quantization_layer_structure: Names the model's blocks, or None.

    Raises:
        ValueError: A setting is out of its range.

    Reference: `keras.quantizers.GPTQConfig`. In Lamina the settings can be made and
    saved; layers have no `quantize` method that would use them.
    """

    _mode = "gptq"
    _widths = (2, 3, 4, 8)
    _width_hint = "Unsupported weight_bits {}. Supported values are 2, 3, 4, and 8."

    def __init__(
        self,
        dataset: Any,
        tokenizer: Any,
        *,
        weight_bits: int = 4,
        num_samples: int = 128,
        per_channel: bool = True,
        sequence_length: int = 512,
        hessian_damping: float = 0.01,
        group_size: int = 128,
        symmetric: bool = False,
        activation_order: bool = False,
        quantization_layer_structure: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(
            dataset,
            tokenizer,
            weight_bits,
            num_samples,
            sequence_length,
            group_size,
            quantization_layer_structure,
        )
        if not 0 <= hessian_damping <= 1:
            raise reject(
                "GPTQConfig",
                "a hessian_damping from 0 to 1",
                f"hessian_damping={hessian_damping}",
                "hessian_damping must be between 0 and 1.",
            )
        self.per_channel = per_channel
        self.hessian_damping = hessian_damping
        self.symmetric = symmetric
        self.activation_order = activation_order

    def get_config(self) -> dict[str, Any]:
        """Returns the settings as a JSON-able dict, without data and tokenizer."""
        return {
            **super().get_config(),
            "per_channel": self.per_channel,
            "hessian_damping": self.hessian_damping,
            "symmetric": self.symmetric,
            "activation_order": self.activation_order,
        }


class AWQConfig(_CalibratedConfig):
    """The settings of AWQ, which scales weights by their activations first.

    Args:
        dataset: Texts, or token arrays, to calibrate with.
        tokenizer: A function from a text to tokens.
        weight_bits: 4.
        num_samples: How many sequences to calibrate with.
        sequence_length: Tokens in a sequence.
        group_size: The number of weights that share a scale, or -1.
        num_grid_points: How many scales are tried.
        quantization_layer_structure: Names the model's blocks, or None.

    Raises:
        ValueError: A setting is out of its range.

    Reference: `keras.quantizers.AWQConfig`. In Lamina the settings can be made and
    saved; layers have no `quantize` method that would use them.
    """

    _mode = "awq"
    _widths = (4,)
    _width_hint = "AWQ only supports 4-bit quantization. Received weight_bits={}."

    def __init__(
        self,
        dataset: Any,
        tokenizer: Any,
        *,
        weight_bits: int = 4,
        num_samples: int = 128,
        sequence_length: int = 512,
        group_size: int = 128,
        num_grid_points: int = 20,
        quantization_layer_structure: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(
            dataset,
            tokenizer,
            weight_bits,
            num_samples,
            sequence_length,
            group_size,
            quantization_layer_structure,
        )
        self._check_positive("num_grid_points", num_grid_points)
        self.num_grid_points = num_grid_points

    def get_config(self) -> dict[str, Any]:
        """Returns the settings as a JSON-able dict, without data and tokenizer."""
        return {**super().get_config(), "num_grid_points": self.num_grid_points}
