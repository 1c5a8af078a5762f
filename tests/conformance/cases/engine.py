"""Tensors, variables, tapes, functions and whole small trainings."""

import numpy as np

from tests.conformance.helpers import raises, rng
from tests.conformance.records import case


@case("tf.constant", "tf.convert_to_tensor")
def conversion(tf):
    values = [1, 2**40, 1.5, True, [1, 2.0], np.float64(1), np.arange(3, dtype="int8")]
    made = [tf.convert_to_tensor(value) for value in values]
    return {
        "tensors": made,
        "dtypes": [tensor.dtype.name for tensor in made],
        "filled": tf.constant(3.0, shape=[2, 2]),
        "cast": tf.constant([1, 2], tf.float64),
        "hint": tf.convert_to_tensor([1, 2], dtype_hint=tf.float32),
        "hint_ignored": tf.convert_to_tensor([1.5], dtype_hint=tf.int32),
        "lossy": raises(lambda: tf.constant(1.5, tf.int32)),
        "ragged": raises(lambda: tf.constant([[1, 2], [3]])),
        "other": raises(lambda: tf.convert_to_tensor(tf.constant(1.0), tf.int32)),
        "none": raises(lambda: tf.convert_to_tensor(None)),
    }


@case("tf.as_dtype", "tf.DType")
def dtypes(tf):
    names = ["half", "float32", "double", "bool", "int8", "uint16", "complex64"]
    found = [tf.as_dtype(name) for name in (*names, np.float64, float, bool)]
    return {
        "names": [d.name for d in found],
        "floating": [d.is_floating for d in found],
        "integer": [d.is_integer for d in found],
        "size": [d.size for d in found],
        "numbers": [d.as_datatype_enum for d in found],
        "limits": [tf.int8.min, tf.int8.max, tf.uint16.max],
        "equal": [tf.float32 == "float32", tf.float32 == np.float32, tf.int32 == "x"],
        "unknown": raises(lambda: tf.as_dtype("no_such_dtype")),
    }


@case("tf.TensorSpec", "tf.type_spec_from_value")
def specs(tf):
    spec = tf.TensorSpec([None, 2], tf.float32, "x")
    return {
        "fits": [
            bool(spec.is_compatible_with(tf.zeros(shape)))
            for shape in ([3, 2], [3, 3], [2])
        ],
        "merged": tf.TensorSpec([2, 3])
        .most_specific_compatible_type(tf.TensorSpec([2, 4]))
        .shape.as_list(),
        "of": tf.type_spec_from_value(tf.zeros([2])).shape.as_list(),
        "wrong": raises(lambda: tf.type_spec_from_value(object())),
    }


@case(
    "tf.Variable",
    "tf.Variable.assign",
    "tf.Variable.assign_add",
    "tf.Variable.assign_sub",
    "tf.Variable.read_value",
)
def variables(tf):
    v = tf.Variable([1.0, 2.0], name="w")
    before = v.read_value()
    v.assign_add([1.0, 1.0])
    v.assign_sub([0.5, 0.5])
    free = tf.Variable([1.0], shape=tf.TensorShape([None]))
    free.assign([1.0, 2.0])
    return {
        "name": v.name,
        "before": before,
        "after": v.read_value(),
        "free": free.read_value(),
        "trainable": [v.trainable, tf.Variable(1, trainable=False).trainable],
        "sum": v + 1.0,
        "shape": raises(lambda: v.assign([1.0, 2.0, 3.0])),
        "dtype": raises(lambda: v.assign(["a", "b"])),
        "none": raises(tf.Variable),
        "hash": raises(lambda: hash(v)),
    }


@case("tf.GradientTape", "tf.GradientTape.gradient", "tf.GradientTape.watch")
def gradients(tf):
    v = tf.Variable([1.0, 2.0])
    x = tf.constant([3.0, 4.0])
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = tf.reduce_sum(v * x * x)
        z = [y * 2.0, tf.reduce_sum(v)]
    return {
        "both": tape.gradient(y, [v, x]),
        "structure": tape.gradient(y, {"a": v, "b": (x,)}),
        "targets": tape.gradient(z, v),
        "weighted": tape.gradient(z, v, output_gradients=[2.0, 10.0]),
        "none": tape.gradient(y, tf.Variable(1.0)) is None,
        "zero": tape.gradient(
            y, tf.Variable(1.0), unconnected_gradients=tf.UnconnectedGradients.ZERO
        ),
        "itself": tape.gradient(v, v),
        "watched": [w.shape.as_list() for w in tape.watched_variables()],
    }


@case("tf.GradientTape.jacobian", "tf.GradientTape.batch_jacobian")
def jacobians(tf):
    x = tf.constant([[1.0, 2.0], [3.0, 4.0]])
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = x * x * tf.reduce_sum(x, 1, keepdims=True)
    return tape.jacobian(y, x), tape.batch_jacobian(y, x)


@case("tf.GradientTape.reset", "tf.GradientTape.stop_recording", "tf.stop_gradient")
def recording(tf):
    v = tf.Variable(3.0)
    with tf.GradientTape(persistent=True) as tape:
        _ = v * v
        tape.reset()
        y = v * tf.stop_gradient(v)
        with tape.stop_recording():
            z = v * v
    once = tf.GradientTape()
    with once:
        w = v * v
    once.gradient(w, v)
    return {
        "stopped": tape.gradient(y, v),
        "unrecorded": tape.gradient(z, v) is None,
        "twice": raises(lambda: once.gradient(w, v)),
        "not_a_tensor": raises(lambda: once.watch(1.0)),
    }


@case("tf.GradientTape")
def higher_orders(tf):
    x = tf.Variable([0.5, 1.5])
    with tf.GradientTape() as outer:
        with tf.GradientTape() as inner:
            y = tf.reduce_sum(tf.sin(x) * tf.exp(x))
        first = inner.gradient(y, x)
        total = tf.reduce_sum(first**2)
    return first, outer.gradient(total, x)


@case("tf.custom_gradient", "tf.grad_pass_through", "tf.recompute_grad")
def custom_gradients(tf):
    v = tf.Variable(3.0)

    @tf.custom_gradient
    def scaled(x):
        def grad(upstream, variables=None):
            return upstream * 7.0, [tf.reduce_sum(upstream) * 5.0 for _ in variables]

        return x * v, grad

    x = tf.constant([1.0, 2.0])
    results = []
    for run in (scaled, tf.function(scaled)):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = run(x)
        results.append((y, tape.gradient(y, [x, v])))
    again = tf.recompute_grad(lambda t: tf.sin(t) * t)
    through = tf.grad_pass_through(tf.round)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y, z = again(x), through(x)
    return results, tape.gradient(y, x), tape.gradient(z, x)


@case("tf.function", "tf.function.get_concrete_function")
def functions(tf):
    v = tf.Variable(1.0)

    @tf.function
    def step(x, scale=2.0, extra=None):
        v.assign_add(tf.reduce_sum(x))
        return {"y": x * scale, "v": v + 0.0, "extra": extra}

    first = step(tf.constant([1.0, 2.0]))
    second = step(tf.constant([1.0, 2.0]), extra=tf.constant(1))
    signed = tf.function(
        lambda x: x + 1.0, input_signature=[tf.TensorSpec([None], tf.float32)]
    )
    concrete = signed.get_concrete_function()
    return {
        "first": (first["y"], first["v"], first["extra"] is None),
        "second": second,
        "state": v.read_value(),
        "signed": signed([1.0, 2.0]),
        "wrong_rank": raises(lambda: signed(tf.constant([[1.0]]))),
        "outputs": concrete.structured_outputs.dtype.name,
    }


@case("tf.function")
def functions_with_control_flow(tf):
    @tf.function
    def collatz(n):
        steps = 0
        while n != 1:
            if n % 2 == 0:
                n = n // 2
            else:
                n = 3 * n + 1
            steps += 1
        return steps

    @tf.function
    def first_negative(x):
        found = -1
        for i in tf.range(tf.shape(x)[0]):
            if x[i] < 0.0:
                found = i
                break
        return found

    return (
        [collatz(tf.constant(n)) for n in (1, 6, 27)],
        first_negative(tf.constant([1.0, -2.0, 3.0])),
        first_negative(tf.constant([1.0])),
    )


@case("tf.init_scope", "tf.executing_eagerly")
def scopes(tf):
    @tf.function
    def f():
        with tf.init_scope():
            inside = tf.executing_eagerly()
        return tf.constant([tf.executing_eagerly(), inside])

    return f(), tf.executing_eagerly()


def _model(keras):
    random = rng(5)
    model = keras.Sequential(
        [
            keras.layers.Input((6, 6, 1)),
            keras.layers.Conv2D(3, 3, activation="relu"),
            keras.layers.BatchNormalization(),
            keras.layers.Flatten(),
            keras.layers.Dense(4, activation="softmax"),
        ]
    )
    model.set_weights(
        [
            np.abs(random.normal(size=w.shape)).astype("float32")
            if w.name == "moving_variance"
            else random.normal(size=w.shape).astype("float32") * 0.3
            for w in model.weights
        ]
    )
    x = random.normal(size=(22, 6, 6, 1)).astype("float32")
    return model, x, random.integers(0, 4, 22)


@case(
    "tf.keras.Model.fit",
    "tf.keras.Model.compile",
    "tf.keras.Model.evaluate",
    "tf.keras.Model.predict",
)
def training(tf):
    model, x, y = _model(tf.keras)
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    history = model.fit(
        x,
        y,
        batch_size=8,
        epochs=3,
        shuffle=False,
        validation_split=0.25,
        class_weight={0: 1.0, 1: 2.0, 2: 0.5, 3: 1.0},
        verbose=0,
    )
    return {
        "history": {k: np.array(v, "float32") for k, v in history.history.items()},
        "weights": model.get_weights(),
        "evaluated": np.array(model.evaluate(x, y, batch_size=5, verbose=0), "float32"),
        "predicted": model.predict(x, batch_size=7, verbose=0),
    }


@case(
    "tf.keras.Model.train_on_batch",
    "tf.keras.Model.test_on_batch",
    "tf.keras.Model.predict_on_batch",
)
def single_batches(tf):
    model, x, y = _model(tf.keras)
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
    weight = np.linspace(0.5, 1.5, 22).astype("float32")
    return (
        np.array(model.train_on_batch(x, y), "float32"),
        np.array(model.train_on_batch(x, y, sample_weight=weight), "float32"),
        np.array(model.test_on_batch(x, y), "float32"),
        model.predict_on_batch(x[:3]),
    )


@case("tf.keras.Model.train_step", "tf.keras.Model.test_step")
def overridden_step(tf):
    keras = tf.keras

    class Model(keras.Model):
        def train_step(self, data):
            x, y = data
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean((self(x, training=True) - y) ** 2)
            weights = self.trainable_variables
            self.optimizer.apply_gradients(
                zip(tape.gradient(loss, weights), weights, strict=True)
            )
            return {"mine": loss}

    inputs = keras.Input((3,))
    model = Model(inputs, keras.layers.Dense(2)(inputs))
    random = rng(9)
    model.set_weights([random.normal(size=w.shape) for w in model.weights])
    model.compile("sgd", "mse")
    x = random.normal(size=(12, 3)).astype("float32")
    y = random.normal(size=(12, 2)).astype("float32")
    history = model.fit(x, y, batch_size=4, epochs=2, shuffle=False, verbose=0)
    return np.array(history.history["mine"], "float32"), model.get_weights()


@case("tf.keras.Model.fit")
def mixed_precision(tf):
    keras = tf.keras
    inputs = keras.Input((4,))
    hidden = keras.layers.Dense(8, activation="relu", dtype="mixed_bfloat16")(inputs)
    model = keras.Model(inputs, keras.layers.Dense(1, dtype="float32")(hidden))
    return {
        "dtypes": [w.dtype == "float32" for w in model.weights],
        "out": model.predict(np.zeros((2, 4), "float32"), verbose=0).dtype.name,
    }
