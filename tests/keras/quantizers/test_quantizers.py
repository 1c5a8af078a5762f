"""keras.quantizers: rounding, packing, configs."""

import numpy as np
import pytest

from lamina import keras
from lamina.engine.tape import GradientTape
from lamina.engine.tensor import constant

Q = keras.quantizers


@pytest.mark.parametrize("to_numpy", [False, True])
def test_abs_max_quantize(to_numpy: bool) -> None:
    x = np.array([[1.0, -0.4, 0.25], [3.0, 1.0, -4.0]], "float32")
    values, scale = Q.abs_max_quantize(x, axis=-1, to_numpy=to_numpy)
    assert values.dtype == "int8" and scale.dtype == "float32"
    np.testing.assert_array_equal(values, [[127, -51, 32], [95, 32, -127]])
    np.testing.assert_allclose(scale, [[127.0], [31.75]], rtol=1e-6)


def test_the_quantizer_survives_its_config() -> None:
    quantizer = Q.AbsMaxQuantizer(axis=0, value_range=(-8, 7))
    again = Q.deserialize(Q.serialize(quantizer))
    assert isinstance(again, Q.AbsMaxQuantizer)
    assert again.get_config() == quantizer.get_config()
    assert isinstance(Q.get("abs_max_quantizer"), Q.AbsMaxQuantizer)
    with pytest.raises(ValueError, match="Could not interpret"):
        Q.get("typo")
    with pytest.raises(ValueError, match="-128, 127"):
        Q.AbsMaxQuantizer(value_range=(-300, 300))


@pytest.mark.parametrize("to_numpy", [False, True])
def test_grouped_with_zero_point(to_numpy: bool) -> None:
    x = np.linspace(0.5, 2.0, 10, dtype="float32").reshape(5, 2)
    values, scale, zero = Q.abs_max_quantize_grouped_with_zero_point(
        x, 2, to_numpy=to_numpy
    )
    assert values.shape == (5, 2) and scale.shape == zero.shape == (3, 2)
    assert values.dtype == zero.dtype == "int8"
    rows = np.arange(5) // 2
    steps = np.array(scale)[rows]
    last = steps[4] * (np.array(values)[4] - np.array(zero, "float32")[2])
    np.testing.assert_allclose(last, x[4], atol=steps[4].max())


@pytest.mark.parametrize("axis", [0, -1])
def test_pack_and_unpack(axis: int) -> None:
    x = np.array([[-3, 7, 2], [-8, 1, 0], [5, -1, 4]], "int8")
    packed, shape, length = Q.pack_int4(x, axis=axis)
    assert packed.dtype == "int8" and tuple(packed.shape) == shape and length == 3
    np.testing.assert_array_equal(Q.unpack_int4(packed, length, axis=axis), x)


def test_packing_checks_the_dtype() -> None:
    with pytest.raises(TypeError, match="Expected int8 tensor"):
        Q.pack_int4(np.zeros(2, "int32"))
    with pytest.raises(ValueError, match="'int8' or 'uint8'"):
        Q.pack_int4(np.zeros(2, "int8"), dtype="int16")


def test_float8() -> None:
    np.testing.assert_allclose(Q.compute_float8_scale(3.0, 4.0, 448.0), 3 / 448)
    np.testing.assert_allclose(Q.compute_float8_scale(0.0, 4.0, 448.0), 4.0)
    history = Q.compute_float8_amax_history(
        constant([-5.0, 2.0]), constant([1.0, 2.0, 3.0])
    )
    np.testing.assert_array_equal(history, [5.0, 3.0, 1.0])
    rounded = Q.quantize_and_dequantize(
        constant([0.123, 1000.0]), 1.0, "float8_e4m3fn", "float32"
    )
    np.testing.assert_array_equal(rounded, [0.125, 448.0])


def test_fake_quant_levels_and_gradients() -> None:
    x, low, high = constant([-2.0, 0.1, 0.6, 9.0]), constant(-1.0), constant(1.0)
    with GradientTape() as tape:
        tape.watch([x, low, high])
        y = Q.fake_quant_with_min_max_vars(x, low, high, num_bits=2)
    np.testing.assert_allclose(y, [-4 / 3, 0.0, 2 / 3, 2 / 3], atol=1e-6)
    dx, dlow, dhigh = tape.gradient(y, [x, low, high])
    np.testing.assert_array_equal(dx, [0, 1, 1, 0])
    assert float(dlow) == 1.0 and float(dhigh) == 1.0


def test_fake_quant_by_channel() -> None:
    x = constant([[0.26, 5.2], [0.9, -5.2]])
    y = Q.fake_quant_with_min_max_vars(
        x, [0.0, -5.0], [1.5, 2.5], num_bits=2, narrow_range=True, axis=1
    )
    np.testing.assert_allclose(y, [[0.0, 3.75], [0.75, -3.75]])


def test_configs() -> None:
    config = Q.Int8QuantizationConfig(weight_quantizer=Q.AbsMaxQuantizer(axis=0))
    assert config.mode == "int8"
    again = Q.deserialize(Q.serialize(config))
    assert again.get_config() == config.get_config()
    assert again.weight_quantizer.axis == (0,)
    assert Q.Int4QuantizationConfig.from_config({}).block_size is None
    assert Q.Float8QuantizationConfig.from_config({}).mode == "float8"
    with pytest.raises(ValueError, match="block_size must be"):
        Q.Int4QuantizationConfig(block_size=0)
    with pytest.raises(ValueError, match="custom quantizers"):
        Q.Int4QuantizationConfig(Q.AbsMaxQuantizer(value_range=(-8, 7)))
    with pytest.raises(NotImplementedError, match="Do not instantiate"):
        _ = Q.QuantizationConfig().mode


def test_calibrated_configs() -> None:
    config = Q.GPTQConfig(["text"], str.split, weight_bits=8, symmetric=True)
    again = Q.GPTQConfig.from_config(config.get_config())
    assert again.dtype_policy_string() == "gptq/8/128" and again.symmetric
    assert again.dataset is None
    assert Q.AWQConfig(None, None, group_size=-1).dtype_policy_string() == "awq/4/-1"
    with pytest.raises(ValueError, match="AWQ only supports 4-bit"):
        Q.AWQConfig(None, None, weight_bits=8)
