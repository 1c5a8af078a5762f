"""tf.test: comparisons pass and fail as they should."""

import numpy as np
import pytest

import lamina as tf


@pytest.fixture
def case():
    return tf.test.TestCase()


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("assertAllClose", ([1.0], [1.0 + 1e-7]), ([1.0], [1.1])),
        ("assertAllClose", ({"a": [1.0]}, {"a": [1.0]}), ({"a": 1.0}, {"b": 1.0})),
        ("assertAllClose", ([[1.0], [1.0, 2.0]],) * 2, ([[1.0], [1.0, 2.0]], [1.0])),
        ("assertAllClose", (np.nan, np.nan), (np.zeros((2, 1)), np.zeros(2))),
        ("assertNotAllClose", (1.0, 2.0), (1.0, 1.0)),
        ("assertAllEqual", ([1, 2], (1, 2)), ([1, 2], [1, 3])),
        ("assertAllEqual", ([np.nan], [np.nan]), ([1], [[1]])),
        ("assertAllEqual", ([b"a"], [b"a"]), ([b"a"], [b"b"])),
        ("assertNotAllEqual", ([1], [2]), ([1], [1])),
        ("assertAllGreater", ([1, 2], 0), ([1, 2], 1)),
        ("assertAllGreaterEqual", ([1, 2], 1), ([1, 2], 2)),
        ("assertAllLess", ([1, 2], 3), ([1, 2], 2)),
        ("assertAllLessEqual", ([1, 2], 2), ([1, 2], 1)),
        ("assertAllInRange", ([1, 2], 1, 2), ([1, 2], 1, 2, True)),
        ("assertAllInSet", ([1, 2], {1, 2}), ([1, 2], {1})),
        ("assertShapeEqual", ([1, 2], [3, 4]), ([1, 2], [3])),
        ("assertDTypeEqual", (np.zeros(1), "float64"), (np.zeros(1), "float32")),
        ("assertNear", (1.0, 1.1, 0.2), (1.0, 1.1, 0.05)),
        ("assertArrayNear", ([1.0], [1.1], 0.2), ([1.0], [1.1], 0.05)),
        ("assertNDArrayNear", ([1.0], [1.1], 0.2), ([1.0], [1.1], 0.05)),
        ("assertLen", ([1], 1), ([1], 2)),
        ("assertEmpty", ([],), ([1],)),
        ("assertNotEmpty", ([1],), ([],)),
        ("assertStartsWith", ("ab", "a"), ("ab", "b")),
        ("assertEndsWith", ("ab", "b"), ("ab", "a")),
        ("assertBetween", (1, 0, 2), (3, 0, 2)),
        ("assertItemsEqual", ([1, 2], [2, 1]), ([1], [1, 1])),
        ("assertSameElements", ([1, 1], [1]), ([1], [2])),
        ("assertContainsSubset", ([1], [1, 2]), ([3], [1, 2])),
        ("assertSequenceAlmostEqual", ([1.0], [1.0]), ([1.0], [2.0])),
        ("assertRegexMatch", ("abc", ["b"]), ("abc", ["d"])),
        ("assertSameStructure", ({"a": [1]}, {"a": [1]}), ([1], [2])),
    ],
)
def test_assertions(case, name, good, bad):
    getattr(case, name)(*good)
    with pytest.raises(AssertionError):
        getattr(case, name)(*bad)


def test_tensors_and_tolerances_of_dtypes(case):
    case.assertAllClose(tf.constant([1.0, 2.0]), [1.0, 2.0])
    half = np.float16(1.0005)
    with pytest.raises(AssertionError):
        case.assertAllClose(np.float16(1.0), half)
    case.assertAllCloseAccordingToType(np.float16(1.0), half)
    assert case.evaluate({"a": tf.constant(3)}) == {"a": 3}
    with case.cached_session() as session:
        assert session.run(tf.constant(3)) == 3


def test_exceptions(case):
    with case.assertRaisesOpError("broken"):
        raise tf.errors.InvalidArgumentError(None, None, "it is broken")
    with case.assertRaisesWithPredicateMatch(ValueError, lambda error: True):
        raise ValueError
    with pytest.raises(AssertionError), case.assertRaisesOpError("whole"):
        raise tf.errors.InvalidArgumentError(None, None, "broken")
    with case.assertRaisesWithLiteralMatch(ValueError, "a+b"):
        raise ValueError("a+b")


def test_a_temporary_folder():
    class Writes(tf.test.TestCase):
        def runTest(self):
            self.assertEqual(self.get_temp_dir(), self.get_temp_dir())

    result = Writes().run()
    assert result.wasSuccessful()


def test_compute_gradient():
    exact, numeric = tf.test.compute_gradient(
        lambda x, y: x * y, [[1.0, 2.0], [3.0, 4.0]]
    )
    np.testing.assert_allclose(exact[0], np.diag([3.0, 4.0]))
    for one, two in zip(exact, numeric):
        np.testing.assert_allclose(one, two, rtol=1e-2, atol=1e-3)


def test_what_the_machine_has():
    assert tf.test.is_built_with_xla()
    assert tf.test.is_gpu_available() == bool(tf.config.list_logical_devices("GPU"))
    assert bool(tf.test.gpu_device_name()) == tf.test.is_gpu_available()
    assert tf.test.is_built_with_gpu_support() == tf.test.is_gpu_available()
    assert not tf.test.is_built_with_rocm()
