"""Public names of keras.quantizers."""

NAMES: dict[str, tuple[str, ...]] = {
    "lamina.keras.quantizers.calibration": (
        "keras.quantizers.AWQConfig",
        "keras.quantizers.GPTQConfig",
    ),
    "lamina.keras.quantizers.configs": (
        "keras.quantizers.Float8QuantizationConfig",
        "keras.quantizers.Int4QuantizationConfig",
        "keras.quantizers.Int8QuantizationConfig",
        "keras.quantizers.QuantizationConfig",
    ),
    "lamina.keras.quantizers.fake": ("keras.quantizers.fake_quant_with_min_max_vars",),
    "lamina.keras.quantizers.float8": (
        "keras.quantizers.compute_float8_amax_history",
        "keras.quantizers.compute_float8_scale",
        "keras.quantizers.quantize_and_dequantize",
    ),
    "lamina.keras.quantizers.integers": (
        "keras.quantizers.abs_max_quantize",
        "keras.quantizers.abs_max_quantize_grouped_with_zero_point",
    ),
    "lamina.keras.quantizers.lookup": (
        "keras.quantizers.deserialize",
        "keras.quantizers.get",
        "keras.quantizers.serialize",
    ),
    "lamina.keras.quantizers.packing": (
        "keras.quantizers.pack_int4",
        "keras.quantizers.unpack_int4",
    ),
    "lamina.keras.quantizers.quantizer": (
        "keras.quantizers.AbsMaxQuantizer",
        "keras.quantizers.Quantizer keras.Quantizer",
    ),
}
