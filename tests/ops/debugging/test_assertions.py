"""tf.debugging: assertions, eager and inside programs."""

import numpy as np
import pytest

import lamina as tf

D = tf.debugging
Bad = tf.errors.InvalidArgumentError

COMPARISONS = [
    (D.assert_equal, ([1, 2], [1, 2]), ([1, 2], [1, 3])),
    (D.assert_none_equal, ([1, 2], [3, 4]), ([1, 2], [1, 3])),
    (D.assert_less, ([1], [2]), ([2], [2])),
    (D.assert_less_equal, ([1, 2], 2), ([3, 2], 2)),
    (D.assert_greater, ([3], [2]), ([2], [2])),
    (D.assert_greater_equal, ([2, 3], 2), ([1, 3], 2)),
    (D.assert_near, ([1.0], [1.0 + 1e-7]), ([1.0], [1.1])),
]
SIGNS = [
    (D.assert_positive, [1.0, 2.0], [1.0, 0.0]),
    (D.assert_negative, [-1.0], [0.0]),
    (D.assert_non_negative, [0.0, 1.0], [-1.0]),
    (D.assert_non_positive, [0.0, -1.0], [1.0]),
]


@pytest.mark.parametrize(("check", "good", "bad"), COMPARISONS)
def test_comparisons(check, good, bad):
    assert check(*good) is None
    with pytest.raises(Bad, match="did not hold") as caught:
        check(*bad)
    assert f"tf.debugging.{check.__name__}" in str(caught.value)

    @tf.function
    def traced(x, y):
        check(x, y, message="look here")
        return x

    traced(*map(tf.constant, good))
    with pytest.raises(Bad, match="look here"):
        traced(*map(tf.constant, bad))
    traced(*map(tf.constant, good))


@pytest.mark.parametrize(("check", "good", "bad"), SIGNS)
def test_signs(check, good, bad):
    assert check(good) is None
    with pytest.raises(Bad, match="did not hold"):
        check(bad, message="m")
    with pytest.raises(Bad, match="did not hold"):
        tf.function(lambda x: check(x) or x)(tf.constant(bad))


def test_message_shows_the_elements():
    with pytest.raises(Bad) as caught:
        D.assert_equal(tf.constant([1, 2]), [1, 3], message="mine")
    text = str(caught.value)
    assert text.startswith("mine\n")
    for part in ("Condition x == y did not hold", "[[1]]", "First 2 elements of x"):
        assert part in text
    with pytest.raises(Bad, match="Incompatible shapes"):
        D.assert_equal([1, 2], [1, 2, 3])
    with pytest.raises(Bad, match="of one dtype"):
        D.assert_equal(tf.constant(1), tf.constant(1.0))
    D.assert_equal(tf.constant(["a"]), ["a"])


def test_known_values_fail_while_tracing():
    @tf.function
    def f(x):
        D.assert_equal(tf.shape(x)[0], 3)
        return x

    f(tf.zeros((3,)))
    with pytest.raises(Bad, match="did not hold"):
        f(tf.zeros((2,)))


def test_assert():
    D.Assert(tf.constant(True), ["data"])
    with pytest.raises(Bad, match=r"Expected .* to be true. Summarized data: b'x'|x"):
        D.Assert(False, ["x", tf.constant([1, 2])])
    f = tf.function(lambda x: tf.Assert(x > 0, ["x is", x]) or x)
    f(tf.constant(1.0))
    with pytest.raises(Bad, match="x is"):
        f(tf.constant(-1.0))


def test_inside_branches_and_loops():
    @tf.function
    def f(x):
        for i in tf.range(3):
            if x > 0:
                D.assert_less(i, 2, message="too many")
        return x

    f(tf.constant(-1.0))
    with pytest.raises(Bad, match="too many"):
        f(tf.constant(1.0))


def test_gradient_through_a_checked_function():
    @tf.function
    def f(x):
        D.assert_positive(x)
        return D.check_numerics(x * x, "square")

    x = tf.constant(3.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = f(x)
    assert float(tape.gradient(y, x)) == 6.0


def test_numerics():
    x = tf.constant([1.0, 2.0])
    np.testing.assert_allclose(D.check_numerics(x, "m"), x)
    for bad, kind in ((np.nan, "NaN"), (np.inf, "Inf")):
        with pytest.raises(Bad, match=f"m : Tensor had {kind}"):
            D.check_numerics(tf.constant([1.0, bad]), "m")
        with pytest.raises(Bad, match=f"m : Tensor had {kind}"):
            D.assert_all_finite(tf.constant([1.0, bad]), "m")
        with pytest.raises(Bad, match=f"m : Tensor had {kind}"):
            tf.function(lambda x: D.check_numerics(x, "m"))(tf.constant([bad]))
    with pytest.raises(TypeError, match="a floating dtype"):
        D.check_numerics(tf.constant(1), "m")


def test_ranks():
    x = tf.zeros((2, 3))
    D.assert_rank(x, 2)
    D.assert_rank_at_least(x, 1)
    D.assert_rank_in(x, (1, 2))
    for check, wanted in (
        (D.assert_rank, 1),
        (D.assert_rank_at_least, 3),
        (D.assert_rank_in, (1, 3)),
    ):
        with pytest.raises(ValueError, match="must have rank"):
            check(x, wanted)
        with pytest.raises(ValueError, match="must have rank"):
            tf.function(lambda x: check(x, wanted))(x)
    assert D.assert_scalar(tf.constant(1)).shape == ()
    with pytest.raises(ValueError, match="Expected scalar shape"):
        D.assert_scalar([1])


def test_dtypes():
    D.assert_type(tf.zeros(2), tf.float32)
    D.assert_integer(tf.constant(1))
    with pytest.raises(TypeError, match="must be of type int32"):
        D.assert_type(tf.zeros(2), tf.int32)
    with pytest.raises(TypeError, match="to be integer type"):
        D.assert_integer(1.5)
    assert D.assert_same_float_dtype([tf.zeros(1), None]) == tf.float32
    with pytest.raises(ValueError, match="must be of the same type"):
        D.assert_same_float_dtype([tf.zeros(1), tf.zeros(1, tf.float64)])
    with pytest.raises(ValueError, match="floating point"):
        D.assert_same_float_dtype([tf.constant(1)])
    assert D.is_numeric_tensor(tf.zeros(1))
    assert not D.is_numeric_tensor(tf.constant("a"))
    assert not D.is_numeric_tensor(3)
    D.assert_proper_iterable([1])
    with pytest.raises(TypeError, match='a "proper" iterable'):
        D.assert_proper_iterable(tf.zeros(2))


def test_shapes():
    x, y = tf.zeros((2, 3)), tf.zeros((3,))
    D.assert_shapes([(x, ("N", "D")), (y, ("D",))])
    D.assert_shapes([(x, (2, None)), (y, ("...", 3)), (x, ("N", "*")), (3.0, ())])
    with pytest.raises(ValueError, match="must have size 2. Received size 3"):
        D.assert_shapes([(x, ("N", "M")), (y, ("N",))])
    with pytest.raises(ValueError, match="must have rank 1"):
        D.assert_shapes([(x, ("N",))], message="m")


def test_vectorized():
    def f(x):
        D.assert_positive(x)
        return x * 2

    np.testing.assert_allclose(tf.vectorized_map(f, tf.constant([1.0, 2.0])), [2, 4])
    with pytest.raises(Bad, match="did not hold"):
        tf.vectorized_map(f, tf.constant([1.0, -2.0]))
