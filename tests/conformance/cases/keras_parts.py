"""Activations, initializers, regularizers and constraints."""

import numpy as np

from tests.conformance.helpers import grads, raises, rng
from tests.conformance.records import case

_PLAIN = (
    "celu elu exponential gelu hard_shrink hard_sigmoid hard_silu hard_tanh "
    "leaky_relu linear log_sigmoid mish relu relu6 selu sigmoid silu soft_shrink "
    "softplus softsign sparse_plus sparse_sigmoid squareplus tanh tanh_shrink"
).split()


@case(*(f"keras.activations.{name}" for name in _PLAIN))
def plain_activations(tf):
    x = tf.constant(rng(1).normal(size=(3, 5)).astype("float32") * 2)
    results = {}
    for name in _PLAIN:
        function = getattr(tf.keras.activations, name)
        results[name] = [function(x), grads(tf, function, [x])]
    return results


@case(
    "keras.activations.softmax",
    "keras.activations.log_softmax",
    "keras.activations.glu",
    "keras.activations.sparsemax",
    "keras.activations.threshold",
    "keras.activations.relu",
    "keras.activations.swish",
    "keras.activations.hard_swish",
)
def activations_with_arguments(tf):
    activations = tf.keras.activations
    x = tf.constant(rng(2).normal(size=(3, 4)).astype("float32") * 2)
    return [
        activations.softmax(x),
        activations.softmax(x, axis=0),
        activations.log_softmax(x, axis=0),
        activations.glu(x),
        activations.sparsemax(x),
        activations.threshold(x, 0.5, -1.0),
        activations.relu(x, negative_slope=0.1, max_value=1.0, threshold=0.2),
        activations.relu(x, max_value=6.0),
        activations.gelu(x, approximate=True),
        activations.elu(x, alpha=0.3),
        activations.leaky_relu(x, 0.4),
        activations.swish(x),
        activations.hard_swish(x),
    ]


@case(
    "keras.activations.get",
    "keras.activations.serialize",
    "keras.activations.deserialize",
)
def activation_lookup(tf):
    activations = tf.keras.activations
    return [
        [activations.serialize(activations.get(name)) for name in ("relu", "swish")],
        activations.get(None) is activations.linear,
        activations.deserialize("tanh") is activations.tanh,
        raises(lambda: activations.get("no_such_activation")),
        raises(lambda: activations.get(3)),
    ]


@case(
    "keras.initializers.Zeros",
    "keras.initializers.Ones",
    "keras.initializers.Constant",
    "keras.initializers.Identity",
    "keras.initializers.zeros",
    "keras.initializers.ones",
    "keras.initializers.constant",
    "keras.initializers.identity",
    "keras.initializers.IdentityInitializer",
)
def fixed_initializers(tf):
    make = tf.keras.initializers
    return [
        make.Zeros()((2, 3)),
        make.Ones()((2, 3), dtype="int32"),
        make.Constant(2.5)((2,), dtype="float64"),
        make.Identity(gain=2.0)((2, 3)),
        raises(lambda: make.Identity()((2, 3, 4))),
    ]


_RANDOM = (
    "GlorotNormal GlorotUniform HeNormal HeUniform LecunNormal LecunUniform "
    "RandomNormal RandomUniform TruncatedNormal VarianceScaling Orthogonal"
).split()
_SNAKE = (
    "glorot_normal glorot_uniform he_normal he_uniform lecun_normal lecun_uniform "
    "random_normal random_uniform truncated_normal variance_scaling orthogonal"
).split()


@case(
    *(f"keras.initializers.{name}" for name in _RANDOM),
    *(f"keras.initializers.{name}" for name in _SNAKE),
    "keras.initializers.OrthogonalInitializer",
)
def random_initializers(tf):
    results = {}
    for name in _RANDOM:
        cls = getattr(tf.keras.initializers, name)
        make = cls(seed=3)
        value = make((200, 100)).numpy()
        again = make((200, 100)).numpy()
        results[name] = [
            round(float(value.std()), 2),
            abs(float(value.mean())) < 0.01,
            str(value.dtype),
            bool((value == again).all()),
            make.get_config(),
        ]
    q = tf.keras.initializers.Orthogonal(gain=2.0)((6, 4)).numpy()
    results["orthogonal"] = np.round(q.T @ q, 4)
    return results


@case(
    "keras.initializers.get",
    "keras.initializers.serialize",
    "keras.initializers.deserialize",
    "keras.initializers.Initializer",
)
def initializer_lookup(tf):
    make = tf.keras.initializers
    value = make.get(np.ones((2, 2), "float32"))
    return [
        make.serialize(make.HeNormal(seed=1)),
        type(make.get("he_normal")).__name__,
        type(make.get("uniform")).__name__,
        make.deserialize(make.serialize(make.Constant(2.0))).value,
        value((2, 2)),
        make.get(None),
        raises(lambda: make.get("no_such_initializer")),
        raises(lambda: make.VarianceScaling(scale=-1.0)),
        raises(lambda: make.VarianceScaling(mode="other")),
        raises(lambda: make.Orthogonal()((3,))),
        raises(lambda: make.RandomNormal(seed="one")),
    ]


@case(
    "keras.regularizers.L1",
    "keras.regularizers.L2",
    "keras.regularizers.L1L2",
    "keras.regularizers.OrthogonalRegularizer",
    "keras.regularizers.l1",
    "keras.regularizers.l2",
    "keras.regularizers.l1_l2",
    "keras.regularizers.orthogonal_regularizer",
    "keras.regularizers.Regularizer",
    "keras.regularizers.get",
    "keras.regularizers.serialize",
    "keras.regularizers.deserialize",
)
def penalties(tf):
    make = tf.keras.regularizers
    x = tf.constant(rng(4).normal(size=(3, 4)).astype("float32"))
    return [
        make.L1(0.3)(x),
        make.L2(0.3)(x),
        make.L1L2(0.1, 0.2)(x),
        make.OrthogonalRegularizer(0.5)(x),
        make.OrthogonalRegularizer(0.5, mode="columns")(x),
        make.l2(0.3).get_config(),
        make.serialize(make.L1L2(0.25, 0.5)),
        make.deserialize(make.serialize(make.L2(0.5))).get_config(),
        type(make.get("l1l2")).__name__,
        grads(tf, make.L1L2(0.1, 0.2), [x]),
        raises(lambda: make.L1(-1.0)),
        raises(lambda: make.get("no_such_regularizer")),
        raises(lambda: make.OrthogonalRegularizer(mode="other")),
    ]


@case(
    "keras.constraints.MaxNorm",
    "keras.constraints.NonNeg",
    "keras.constraints.UnitNorm",
    "keras.constraints.MinMaxNorm",
    "keras.constraints.max_norm",
    "keras.constraints.non_neg",
    "keras.constraints.unit_norm",
    "keras.constraints.min_max_norm",
    "keras.constraints.Constraint",
    "keras.constraints.get",
    "keras.constraints.serialize",
    "keras.constraints.deserialize",
)
def projections(tf):
    make = tf.keras.constraints
    x = tf.constant(rng(6).normal(size=(3, 4)).astype("float32") * 2)
    return [
        make.MaxNorm(1.5)(x),
        make.MaxNorm(1.5, axis=[0, 1])(x),
        make.NonNeg()(x),
        make.UnitNorm(axis=1)(x),
        make.MinMaxNorm(0.5, 1.0, rate=0.5)(x),
        make.serialize(make.MaxNorm(3)),
        make.deserialize(make.serialize(make.UnitNorm(1))).get_config(),
        type(make.get("non_neg")).__name__,
        raises(lambda: make.get("no_such_constraint")),
    ]


@case(
    "keras.random.uniform",
    "keras.random.normal",
    "keras.random.truncated_normal",
    "keras.random.randint",
    "keras.random.categorical",
    "keras.random.shuffle",
    "keras.random.gamma",
    "keras.random.binomial",
    "keras.random.beta",
    "keras.random.dropout",
)
def random_draws(tf):
    random = tf.keras.random
    size = (2000,)
    draws = {
        "uniform": random.uniform(size, 1.0, 3.0, seed=1),
        "normal": random.normal(size, 1.0, 2.0, seed=1),
        "truncated": random.truncated_normal(size, seed=1),
        "randint": random.randint(size, 0, 5, seed=1),
        "categorical": random.categorical(np.log([[0.25, 0.75]]), 2000, seed=1),
        "gamma": random.gamma(size, 2.0, seed=1),
        "binomial": random.binomial(size, 10.0, 0.5, seed=1),
        "beta": random.beta(size, 2.0, 2.0, seed=1),
        "dropout": random.dropout(np.ones(size, "float32"), 0.5, seed=1),
    }
    results = {}
    for name, value in draws.items():
        array = np.asarray(value)
        mean = round(float(array.mean()) * 4) / 4
        results[name] = [list(array.shape), str(array.dtype), mean]
    order = np.asarray(random.shuffle(np.arange(6), seed=1))
    results["shuffle"] = sorted(order.tolist())
    return results


@case("keras.random.SeedGenerator")
def seed_generator(tf):
    make = tf.keras.random.SeedGenerator
    generator = make(seed=7, name="g")
    one, two = generator.next(), generator.next()
    again = make(seed=7)
    draws = [tf.keras.random.normal((3,), seed=s).numpy() for s in (again, again, 3, 3)]
    return [
        one,
        two,
        generator.get_config(),
        generator.state.numpy(),
        bool((draws[0] == draws[1]).all()),
        bool((draws[2] == draws[3]).all()),
        raises(lambda: make(seed="x")),
    ]
