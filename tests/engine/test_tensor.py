"""Dtypes, shapes, conversion and the Python protocol of tensors."""

import copy
import json
import pickle

import numpy as np
import pytest

import lamina as tf


def test_dtype_is_its_name():
    assert tf.float32 == "float32" == tf.float32
    assert tf.float32 == np.float32
    assert np.dtype("float32") == tf.float32
    assert tf.float32 in {"float32"}
    assert json.dumps({"dtype": tf.float32}) == '{"dtype": "float32"}'
    assert str(tf.float32) == "<dtype: 'float32'>"
    assert repr(tf.bfloat16) == "tf.bfloat16"
    assert tf.as_dtype(bool) is tf.bool
    assert tf.as_dtype("half") is tf.float16
    assert tf.int8.limits == (-128, 127)
    assert pickle.loads(pickle.dumps(tf.int64)) is tf.int64


def test_dtype_refuses_nonsense():
    with pytest.raises(TypeError, match="cannot convert 'flot32'"):
        tf.as_dtype("flot32")
    with pytest.raises(TypeError):
        tf.as_dtype(None)
    with pytest.raises(TypeError, match="no minimum"):
        _ = tf.string.min


def test_shape_is_a_tuple():
    shape = tf.TensorShape([None, 3])
    assert shape == (None, 3)
    assert shape.as_list() == [None, 3]
    assert shape[1:] == (3,) and isinstance(shape[1:], tf.TensorShape)
    assert tf.TensorShape([])
    assert not tf.TensorShape(None)
    assert tf.TensorShape(None) != tf.TensorShape([])
    assert shape.merge_with([2, None]) == (2, 3)
    assert (shape + [4]) == (None, 3, 4)
    assert shape.num_elements() is None
    with pytest.raises(ValueError, match="incompatible"):
        shape.assert_is_compatible_with([1, 2])
    with pytest.raises(ValueError, match="must be >= 0"):
        tf.TensorShape([-1])
    with pytest.raises(ValueError, match="unknown TensorShape"):
        tf.TensorShape(None).as_list()


@pytest.mark.parametrize(
    ("value", "dtype"),
    [
        (1, "int32"),
        (2**40, "int64"),
        (1.5, "float32"),
        (True, "bool"),
        (1j, "complex128"),
        ("a", "string"),
        ([1, 2], "int32"),
        ([1, 2.0], "float32"),
        (np.float64(1), "float64"),
        (np.arange(3, dtype="int8"), "int8"),
        ([], "float32"),
        ([[b"a"], ["b"]], "string"),
        (tf.TensorShape([2, 3]), "int32"),
    ],
)
def test_inferred_dtype(value, dtype):
    assert tf.convert_to_tensor(value).dtype == dtype


def test_conversion_errors():
    with pytest.raises(TypeError, match="Cannot convert 1.5"):
        tf.constant(1.5, tf.int32)
    with pytest.raises(ValueError, match="non-rectangular"):
        tf.constant([[1, 2], [3]])
    with pytest.raises(ValueError, match="requested dtype int32"):
        tf.convert_to_tensor(tf.constant(1.0), tf.int32)
    with pytest.raises(ValueError, match="None"):
        tf.convert_to_tensor(None)
    with pytest.raises(ValueError, match="unsupported"):
        tf.convert_to_tensor(object())
    with pytest.raises(TypeError, match="6 elements"):
        tf.constant([1, 2, 3], shape=[2, 3])


def test_constant_copies_and_numpy_is_writable():
    source = np.ones(3, "float32")
    tensor = tf.constant(source)
    source[0] = 5
    assert tensor.numpy()[0] == 1
    out = tensor.numpy()
    out[0] = 7
    assert tensor.numpy()[0] == 1


def test_python_protocol():
    tensor = tf.constant([[1.0, 2.0]])
    assert len(tensor) == 1
    assert [row.shape for row in tensor] == [(2,)]
    assert float(tf.constant(2.5)) == 2.5
    assert [10, 20][tf.constant(1)] == 20
    assert f"{tf.constant(1.5):.2f}" == "1.50"
    assert copy.deepcopy(tensor) is tensor
    assert np.allclose(pickle.loads(pickle.dumps(tensor)), tensor)
    assert tensor.ref() == tensor.ref()
    assert tensor.ref().deref() is tensor
    with pytest.raises(TypeError, match="unhashable"):
        hash(tensor)
    with pytest.raises(TypeError, match="Scalar tensor has no"):
        len(tf.constant(1))
    with pytest.raises(ValueError, match="one element"):
        bool(tensor)
    with pytest.raises(TypeError, match="index"):
        [1][tf.constant(0.0)]
    with pytest.raises(AttributeError, match="name"):
        _ = tensor.name


def test_repr():
    assert repr(tf.constant(1.0)) == ("<tf.Tensor: shape=(), dtype=float32, numpy=1.0>")
    assert str(tf.constant([1])) == "tf.Tensor([1], shape=(1,), dtype=int32)"
    rows = tf.constant([[1], [2]])
    assert str(rows) == "tf.Tensor(\n[[1]\n [2]], shape=(2, 1), dtype=int32)"
    assert "numpy=\narray([[1]," in repr(rows)


def test_conversion_function():
    class Money:
        def __init__(self, cents):
            self.cents = cents

    tf.register_tensor_conversion_function(
        Money,
        lambda value, dtype=None, name=None, as_ref=False: tf.constant(
            value.cents / 100
        ),
    )
    assert float(tf.convert_to_tensor(Money(150)) + 1.0) == 2.5


def test_tensor_spec():
    spec = tf.TensorSpec([None, 2], tf.float32, "x")
    assert spec.is_compatible_with(tf.zeros([3, 2]))
    assert not spec.is_compatible_with(tf.zeros([3, 3]))
    assert tf.TensorSpec.from_tensor(tf.zeros([1])) == tf.TensorSpec([1])
    assert pickle.loads(pickle.dumps(spec)) == spec
    assert tf.type_spec_from_value(1.0) == tf.TensorSpec([], tf.float32)
    merged = tf.TensorSpec([2]).most_specific_compatible_type(tf.TensorSpec([3]))
    assert merged.shape == (None,)


def test_a_constant_used_again_stays_static() -> None:
    shape = tf.constant([2, 3])
    for _ in range(3):
        assert (shape + shape).numpy().tolist() == [4, 6]
    reshaped = tf.function(lambda x: tf.reshape(x, shape))(tf.range(6))
    assert reshaped.shape == (2, 3)


@pytest.mark.parametrize(
    ("value", "dtype"),
    [
        ([1, 2], "int32"),
        ([[1, 2**31 - 1], [-(2**31), 0]], "int32"),
        ([1, 2**31], "int64"),
        ([2**63], "uint64"),
        ([[1.0], [1e300]], "float32"),
        ([1, 2.5], "float32"),
        ([], "float32"),
        ([[], []], "float32"),
        ([True, False], "bool"),
        ([np.float64(1.0)], "float64"),
    ],
)
def test_lists_of_numbers(value: list[object], dtype: str) -> None:
    with np.errstate(over="ignore"):
        found = tf.constant(value)
    assert found.dtype == dtype
    with np.errstate(over="ignore"):
        np.testing.assert_array_equal(found, np.array(value).astype(dtype))


def test_joined_lists_take_the_short_way_too() -> None:
    x = tf.constant([1.0, 2.0])
    for _ in range(2):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = tf.stack([x, 2.0 * x, [5.0, 6.0]], axis=1)
            z = tf.concat((y, y), axis=0)
        assert z.shape == (4, 3)
        np.testing.assert_array_equal(tape.gradient(z, x), [6, 6])
