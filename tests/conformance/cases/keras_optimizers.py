"""Optimizers and schedules: several steps with every option."""

from typing import Any

import numpy as np

from tests.conformance.helpers import raises, rng
from tests.conformance.records import case

SHARED: dict[str, dict[str, Any]] = {
    "plain": {},
    "clipnorm": {"clipnorm": 0.5},
    "clipvalue": {"clipvalue": 0.1},
    "global_clipnorm": {"global_clipnorm": 0.7},
    "weight_decay": {"weight_decay": 0.1},
    "ema": {"use_ema": True, "ema_momentum": 0.8, "ema_overwrite_frequency": 2},
    "accumulation": {"gradient_accumulation_steps": 2},
    "loss_scale": {"loss_scale_factor": 4.0},
}
OPTIMIZERS: dict[str, list[dict[str, Any]]] = {
    "SGD": [{}, {"momentum": 0.9}, {"momentum": 0.9, "nesterov": True}],
    "Adam": [{}, {"amsgrad": True, "beta_1": 0.8, "beta_2": 0.95, "epsilon": 1e-3}],
    "AdamW": [{}, {"weight_decay": 0.2}],
    "RMSprop": [{}, {"momentum": 0.5, "centered": True, "rho": 0.8}],
    "Adagrad": [{}, {"initial_accumulator_value": 0.5}],
    "Adadelta": [{}, {"rho": 0.8, "epsilon": 1e-3}],
    "Adamax": [{}, {"beta_1": 0.8}],
    "Nadam": [{}, {"beta_1": 0.8}],
    "Ftrl": [
        {},
        {
            "l1_regularization_strength": 0.1,
            "l2_regularization_strength": 0.2,
            "l2_shrinkage_regularization_strength": 0.3,
            "beta": 0.4,
        },
    ],
    "Lion": [{}, {"beta_1": 0.8}],
    "Lamb": [{}, {"beta_1": 0.8}],
    "Adafactor": [{}, {"relative_step": False, "clip_threshold": 0.5}],
    "Muon": [{}, {"nesterov": False, "rms_rate": None}],
}


def steps(tf: Any, optimizer: Any, count: int = 4) -> list[Any]:
    """Values of the weights and the optimizer's state after each of a few steps."""
    draw = rng(7)
    muon = type(optimizer).__name__ == "Muon"  # it asks for the variables' paths
    make = tf.keras.Variable if muon else tf.Variable
    weights = [
        make(draw.normal(size=shape).astype("float32"), name=name)
        for name, shape in (("kernel", (3, 2)), ("bias", (2,)))
    ]
    found = []
    for _ in range(count):
        gradients = [draw.normal(size=w.shape).astype("float32") for w in weights]
        pairs = [(tf.constant(g), w) for g, w in zip(gradients, weights, strict=True)]
        optimizer.apply_gradients(pairs)
        found.append([w.numpy() for w in weights])
    state = [np.asarray(v) for v in optimizer.variables]
    return [found, state, int(np.asarray(optimizer.iterations))]


def _declare(name: str, variant: str, options: dict[str, Any]) -> None:
    def run(tf: Any) -> Any:
        optimizer = getattr(tf.keras.optimizers, name)(0.05, **options)
        config = optimizer.get_config()
        config.pop("name")
        return {"steps": steps(tf, optimizer), "config": str(sorted(config.items()))}

    run.__name__ = f"{name}_{variant}"
    case(f"tf.keras.optimizers.{name}", tolerance=2e-5)(run)


for _name, _variants in OPTIMIZERS.items():
    for _number, _options in enumerate(_variants):
        _declare(_name, f"variant_{_number}", _options)
for _variant, _options in SHARED.items():
    _declare("SGD", f"shared_{_variant}", _options)
    _declare("Adam", f"shared_{_variant}", _options)

SCHEDULES: dict[str, list[tuple[Any, ...]]] = {
    "ExponentialDecay": [(0.1, 10, 0.5), (0.1, 10, 0.5, True)],
    "InverseTimeDecay": [(0.1, 10, 0.5), (0.1, 10, 0.5, True)],
    "PolynomialDecay": [(0.1, 10), (0.1, 10, 0.01, 2.0, True)],
    "PiecewiseConstantDecay": [([5, 10], [1.0, 0.5, 0.1])],
    "CosineDecay": [(0.1, 10), (0.1, 10, 0.2, "c", 0.5, 4)],
    "CosineDecayRestarts": [(0.1, 10), (0.1, 7, 1.0, 0.9, 0.1)],
}


def _declare_schedule(name: str) -> None:
    def run(tf: Any) -> Any:
        found = []
        for arguments in SCHEDULES[name]:
            schedule = getattr(tf.keras.optimizers.schedules, name)(*arguments)
            rates = [float(schedule(step)) for step in (0, 1, 5, 6, 10, 11, 25)]
            found.append([rates, str(sorted(schedule.get_config().items()))])
        return found

    run.__name__ = name
    case(f"tf.keras.optimizers.schedules.{name}", tolerance=1e-5)(run)


for _name in SCHEDULES:
    _declare_schedule(_name)


@case(
    "tf.keras.optimizers.schedules.LearningRateSchedule",
    "tf.keras.optimizers.schedules.serialize",
    "tf.keras.optimizers.schedules.deserialize",
)
def schedule_in_an_optimizer(tf):
    schedules = tf.keras.optimizers.schedules
    rate = schedules.ExponentialDecay(0.1, 2, 0.5)
    optimizer = tf.keras.optimizers.SGD(rate)
    again = schedules.deserialize(schedules.serialize(rate))
    return [
        steps(tf, optimizer),
        float(optimizer.learning_rate),
        again.get_config(),
        isinstance(rate, schedules.LearningRateSchedule),
        raises(lambda: setattr(optimizer, "learning_rate", 0.1)),
    ]


@case("tf.keras.optimizers.LossScaleOptimizer", tolerance=1e-5)
def loss_scale(tf):
    inner = tf.keras.optimizers.SGD(0.5)
    optimizer = tf.keras.optimizers.LossScaleOptimizer(
        inner, initial_scale=8.0, dynamic_growth_steps=2
    )
    weight = tf.Variable([1.0, 2.0])
    found = []
    for value in ([1.0, 2.0], [np.inf, 1.0], [3.0, 4.0], [1.0, 1.0], [np.nan, 0.0]):
        optimizer.apply_gradients([(tf.constant(value), weight)])
        found.append([weight.numpy(), float(optimizer.scale_loss(tf.constant(1.0)))])
    return [found, int(np.asarray(inner.iterations))]


@case("tf.keras.optimizers.get", "tf.keras.optimizers.serialize")
def get_and_serialize(tf):
    optimizers = tf.keras.optimizers
    config = optimizers.serialize(optimizers.Adam(0.5, name="a"))
    again = optimizers.deserialize(dict(config))
    return [
        type(optimizers.get("rmsprop")).__name__,
        type(optimizers.get("SGD")).__name__,
        config["class_name"],
        str(config["module"]),
        again.get_config() == optimizers.Adam(0.5, name="a").get_config(),
        raises(lambda: optimizers.get(5)),
        raises(lambda: optimizers.get("nothing")),
    ]


@case("tf.keras.optimizers.Optimizer", tolerance=1e-5)
def own_optimizer(tf):
    class Signs(tf.keras.optimizers.Optimizer):
        def build(self, variables):
            super().build(variables)
            self.sums = [
                self.add_variable_from_reference(v, name="sum") for v in variables
            ]

        def update_step(self, gradient, variable, learning_rate):
            total = self.sums[self._get_variable_index(variable)]
            self.assign_add(total, tf.sign(gradient))
            self.assign_sub(variable, tf.cast(learning_rate, variable.dtype) * total)

    return steps(tf, Signs(0.1, clipvalue=0.5))


@case("tf.keras.optimizers.Adam.apply_gradients", "tf.keras.optimizers.Adam.build")
def bad_calls(tf):
    weight, other = tf.Variable([1.0]), tf.Variable([2.0])
    optimizer = tf.keras.optimizers.Adam()
    optimizer.build([weight])
    gradient = tf.constant([1.0])
    make = tf.keras.optimizers.SGD
    return [
        raises(lambda: optimizer.apply_gradients([(None, weight)])),
        raises(lambda: optimizer.apply_gradients([(gradient, other)])),
        raises(lambda: optimizer.apply([gradient, gradient])),
        raises(lambda: make(clipnorm=1.0, clipvalue=1.0)),
        raises(lambda: make(momentum=2.0)),
        raises(lambda: make(gradient_accumulation_steps=1)),
        raises(lambda: make(use_ema=True, ema_momentum=2.0)),
        raises(lambda: make(nothing=1)),
        raises(lambda: make(learning_rate="fast")),
    ]


@case("tf.keras.optimizers.MultiOptimizer", "tf.keras.optimizers.OptimizerMap")
def several_optimizers(tf):
    keras = tf.keras
    chosen = keras.optimizers.OptimizerMap(keras.optimizers.SGD(0.5, name="default"))
    chosen[".*bias"] = keras.optimizers.SGD(0.1, momentum=0.5, name="bias")
    weights = [
        keras.Variable(np.ones(2, "float32"), name=n) for n in ("kernel", "bias")
    ]
    optimizer = keras.optimizers.MultiOptimizer(chosen)
    found = []
    for _ in range(2):
        optimizer.apply_gradients([(tf.constant([1.0, 2.0]), w) for w in weights])
        found.append([w.numpy() for w in weights])
    return [
        found,
        [np.asarray(v) for v in optimizer.variables],
        [one.name for one in optimizer.optimizers],
        raises(lambda: chosen.__setitem__(".*bias", keras.optimizers.SGD())),
        raises(lambda: chosen.__setitem__("x", optimizer)),
        raises(lambda: keras.optimizers.OptimizerMap("sgd")),
    ]


@case("tf.keras.optimizers.ScheduleFreeAdamW", tolerance=2e-5)
def first_step_without_schedule(tf):
    # From the second step on Keras's TensorFlow backend differs from its others.
    make = tf.keras.optimizers.ScheduleFreeAdamW
    return [
        steps(tf, make(0.05, **options), count=1)[0]
        for options in ({}, {"warmup_steps": 3, "beta_1": 0.8, "weight_decay": 0.1})
    ]


@case("tf.IndexedSlices", tolerance=1e-5)
def sparse_gradients(tf):
    values, places = tf.constant([[1.0, 2.0], [3.0, 4.0]]), tf.constant([2, 0])
    slices = tf.IndexedSlices(values, places, tf.constant([3, 2]))
    weight = tf.keras.Variable(np.ones((3, 2), "float32"))
    optimizer = tf.keras.optimizers.Adam(0.1)
    for _ in range(2):
        optimizer.apply_gradients([(slices, weight)])
    return [
        tf.convert_to_tensor(slices),
        weight.numpy(),
        slices.values,
        slices.indices,
        str(slices.shape),
    ]
