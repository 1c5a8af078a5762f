"""`keras.Variable`."""

import copy
import pickle

import numpy as np
import pytest

from lamina.engine.tape import GradientTape
from lamina.keras.common.autocast import AutocastScope
from lamina.keras.common.naming import name_scope
from lamina.keras.common.stateless import StatelessScope
from lamina.keras.variable import Variable


def test_from_a_value_and_from_a_function():
    v = Variable(np.ones((2, 3)), name="v")
    assert v.dtype == "float64" and v.shape == (2, 3) and v.ndim == 2
    assert Variable([1.0, 2.0]).dtype == "float32"
    w = Variable("zeros", shape=(4,), dtype="int32", trainable=False)
    assert w.dtype == "int32" and not w.trainable
    with pytest.raises(ValueError, match="the `shape` argument"):
        Variable("zeros")
    with pytest.raises(ValueError, match="fully-defined"):
        Variable("zeros", shape=(None, 2))
    with pytest.raises(ValueError, match="cannot contain character `/`"):
        Variable(1.0, name="a/b")
    with pytest.raises(ValueError, match="Invalid value for argument `aggregation`"):
        Variable(1.0, aggregation="all")


def test_names_and_paths():
    with name_scope("outer"), name_scope("inner"):
        v = Variable(1.0, name="x")
    assert v.path == "outer/inner/x" and v.name == "x"
    assert "path=outer/inner/x" in repr(v)


def test_assignment_casts_and_checks():
    v = Variable(np.zeros(3, np.float32))
    old = v.value
    np.testing.assert_array_equal(v.assign([1, 2, 3]), [1, 2, 3])
    np.testing.assert_array_equal(v.assign_add(np.ones(3, np.float64)), [2, 3, 4])
    np.testing.assert_array_equal(v.assign_sub(1), [1, 2, 3])
    np.testing.assert_array_equal(old, [0, 0, 0])
    assert v.dtype == "float32"
    with pytest.raises(ValueError, match="must match"):
        v.assign(np.zeros(4))


def test_autocast_changes_what_is_read_only():
    v = Variable(np.ones(2, np.float32))
    fixed = Variable(np.ones(2, np.float32), autocast=False)
    with AutocastScope("float16"):
        assert v.value.dtype == "float16" and v.dtype == "float16"
        assert fixed.value.dtype == "float32"
        assert (v + 1.0).dtype == "float16"
        v.assign_add(1.0)
        with GradientTape() as tape:
            y = v * v
        gradient = tape.gradient(y, v)
    assert v.dtype == "float32"
    assert gradient.dtype == "float32"
    np.testing.assert_array_equal(gradient, [4, 4])
    with pytest.raises(ValueError, match="floating-point"):
        AutocastScope("int32")


def test_stateless_scope_holds_updates():
    v = Variable(1.0)
    with StatelessScope([(v, 5.0)]) as scope:
        assert float(v) == 5.0
        v.assign_add(1.0)
        assert float(v.value) == 6.0
    assert float(v) == 1.0
    assert float(scope.get_current_value(v)) == 6.0
    with pytest.raises(ValueError, match="must be Variable"):
        StatelessScope([(3, 5.0)])
    with pytest.raises(ValueError, match="matches the corresponding"):
        StatelessScope([(v, np.ones(3))])


def test_a_variable_made_in_a_stateless_scope_waits():
    with StatelessScope():
        v = Variable("ones", shape=(2,))
        with pytest.raises(ValueError, match="while in a stateless scope"):
            Variable(1.0)
        with pytest.raises(ValueError, match="while in a stateless scope"):
            v._deferred_initialize()
    np.testing.assert_array_equal(v.numpy(), [1, 1])
    with pytest.raises(ValueError, match="already initialized"):
        v._deferred_initialize()


def test_python_protocol():
    v = Variable(3)
    assert int(v) == 3 and float(v) == 3.0
    assert bool((v == 3).numpy())
    with pytest.raises(TypeError, match="cannot be used as a boolean"):
        bool(v)
    with pytest.raises(TypeError, match="Only scalar arrays"):
        float(Variable([1.0, 2.0]))
    assert np.asarray(Variable([1.0, 2.0])).tolist() == [1.0, 2.0]
    with pytest.raises(TypeError, match="must be a boolean"):
        v.overwrite_with_gradient = 1
    with pytest.raises(ValueError, match="attribute `constraint`"):
        v.constraint = 3


def test_copies_and_pickles():
    v = Variable([1.0, 2.0], name="v", trainable=False)
    for other in (copy.deepcopy(v), pickle.loads(pickle.dumps(v))):
        assert other.path == v.path and not other.trainable
        other.assign([5.0, 6.0])
        np.testing.assert_array_equal(v.numpy(), [1, 2])
