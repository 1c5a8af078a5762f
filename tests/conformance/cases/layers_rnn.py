"""Recurrent and attention layers."""

import numpy as np

from tests.conformance.helpers import rng
from tests.conformance.records import T, V, bad_setup, case, layer, setup

_MASK = V([[True, True, False, True], [False, True, True, False]], "bool")
_MORE = {
    "LSTM": [
        setup(T(2, 4, 3), units=2, unit_forget_bias=False, recurrent_activation="tanh"),
    ],
    "GRU": [setup(T(2, 4, 3), units=2, reset_after=False, return_sequences=True)],
}
for _name in ("SimpleRNN", "LSTM", "GRU"):
    layer(
        f"keras.layers.{_name}",
        [
            setup(T(2, 4, 3), units=2),
            setup(T(2, 4, 3), units=2, return_sequences=True, go_backwards=True),
            setup(T(2, 4, 3), units=2, return_state=True, use_bias=False),
            setup(
                T(2, 4, 3),
                None,
                _MASK,
                units=2,
                return_sequences=True,
                activation="relu",
            ),
            setup(T(2, 4, 3), None, _MASK, units=2, zero_output_for_mask=True),
            setup(T(2, 4, 3), units=2, unroll=True),
            *_MORE.get(_name, ()),
        ],
        bad=[bad_setup(T(2, 4, 3), units=0), bad_setup(T(2, 4), units=2)],
        tolerance=1e-5,
    )
layer("keras.layers.SimpleRNNCell", [setup(T(2, 3), [T(2, 2)], units=2)])
layer("keras.layers.LSTMCell", [setup(T(2, 3), [T(2, 2), T(2, 2)], units=2)])
layer(
    "keras.layers.GRUCell",
    [
        setup(T(2, 3), [T(2, 2)], units=2),
        setup(T(2, 3), [T(2, 2)], units=2, reset_after=False),
    ],
)
layer(
    "keras.layers.MultiHeadAttention",
    [
        setup(T(2, 4, 6), T(2, 3, 6), num_heads=2, key_dim=3),
        setup(
            T(2, 4, 6),
            T(2, 3, 5),
            T(2, 3, 6),
            num_heads=2,
            key_dim=3,
            value_dim=4,
            output_shape=5,
            use_bias=False,
        ),
        setup(
            T(2, 4, 6),
            T(2, 4, 6),
            call={"use_causal_mask": True, "return_attention_scores": True},
            num_heads=2,
            key_dim=3,
        ),
        setup(T(2, 4, 6), T(2, 4, 6), num_heads=1, key_dim=3, sliding_window=2),
        setup(T(2, 2, 3, 4), T(2, 2, 3, 4), num_heads=2, key_dim=3, attention_axes=[2]),
        setup(T(2, 4, 6), T(2, 4, 6), num_heads=2, key_dim=3, use_gate=True),
    ],
    bad=[
        bad_setup(T(2, 4, 6), T(2, 3, 6), num_heads=0, key_dim=3),
        bad_setup(T(2, 4, 6), T(2, 3, 6), num_heads=2, key_dim=-3),
    ],
    tolerance=1e-5,
)
layer(
    "keras.layers.Attention",
    [
        setup([T(2, 4, 3), T(2, 5, 3)]),
        setup([T(2, 4, 3), T(2, 5, 3), T(2, 5, 3)], use_scale=True),
        setup([T(2, 4, 3), T(2, 5, 3)], score_mode="concat", use_scale=True),
        setup([T(2, 4, 3), T(2, 4, 3)], call={"use_causal_mask": True}),
    ],
    bad=[bad_setup([T(2, 4, 3), T(2, 5, 3)], score_mode="other")],
)
layer(
    "keras.layers.AdditiveAttention",
    [setup([T(2, 4, 3), T(2, 5, 3)]), setup([T(2, 4, 3), T(2, 5, 3)], use_scale=False)],
)


def _filled(layer, seed=3):
    draw = rng(seed)
    for weight in layer.weights:
        if "float" in str(weight.dtype):
            weight.assign(draw.normal(size=tuple(weight.shape)).astype("float32"))
    return layer


def _sequences():
    return rng(5).normal(size=(2, 5, 3)).astype("float32")


@case("keras.layers.Bidirectional")
def bidirectional(tf):
    layers = tf.keras.layers
    results = []
    for mode in ("concat", "sum", "mul", "ave", None):
        layer = layers.Bidirectional(
            layers.GRU(2, return_sequences=True, name="inner"), merge_mode=mode
        )
        layer.build((2, 5, 3))
        results.append(_filled(layer)(tf.constant(_sequences())))
        results.append([w.path.split("/", 1)[1] for w in layer.weights])
    layer = layers.Bidirectional(layers.LSTM(2, return_state=True))
    layer.build((2, 5, 3))
    mask = tf.constant([[True, True, False, False, False], [True] * 5])
    results.append(_filled(layer)(tf.constant(_sequences()), mask=mask))
    results.append(list(layer.compute_output_shape((None, 5, 3))[0]))
    return results


@case("keras.layers.TimeDistributed")
def time_distributed(tf):
    layers = tf.keras.layers
    layer = layers.TimeDistributed(layers.Dense(2))
    layer.build((2, 5, 3))
    config = layer.get_config()["layer"]["class_name"]
    shape = list(layer.compute_output_shape((None, 5, 3)))
    return [_filled(layer)(tf.constant(_sequences())), config, shape]


@case("keras.layers.RNN", "keras.layers.StackedRNNCells")
def stacked_cells(tf):
    layers = tf.keras.layers
    results = []
    for unroll in (False, True):
        cells = [layers.LSTMCell(3), layers.SimpleRNNCell(2)]
        layer = layers.RNN(
            cells, return_sequences=True, return_state=True, unroll=unroll
        )
        layer.build((2, 5, 3))
        output, *states = _filled(layer)(tf.constant(_sequences()))
        results += [output, states, tf.function(layer)(tf.constant(_sequences()))[0]]
    return results


@case("keras.layers.RNN")
def custom_cell(tf):
    class Cell(tf.keras.layers.Layer):
        def __init__(self, units, **kwargs):
            super().__init__(**kwargs)
            self.units = units
            self.state_size = units

        def build(self, input_shape):
            shape = (input_shape[-1], self.units)
            self.kernel = self.add_weight(shape=shape, initializer="ones", name="k")

        def call(self, inputs, states):
            output = tf.matmul(inputs, self.kernel) + states[0]
            return output, [output]

    x = tf.constant(_sequences())
    mask = tf.constant([[True, True, False, True, False], [True] * 5])
    layer = tf.keras.layers.RNN(Cell(2), return_sequences=True)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = layer(x, mask=mask)
    inside = tf.function(lambda t: layer(t, mask=mask))(x)
    first = layer(x, initial_state=[tf.ones((2, 2))])
    return [y, tape.gradient(y, x), inside, first]


@case("keras.layers.LSTM", "keras.layers.GRU")
def stateful_layers(tf):
    layers = tf.keras.layers
    results = []
    for cls in (layers.LSTM, layers.GRU):
        layer = cls(2, stateful=True)
        x = tf.constant(_sequences())
        layer.build((2, 5, 3))
        _filled(layer)
        results += [layer(x), layer(x)]
        layer.reset_state()
        results.append(layer(x))
    return results


@case("keras.layers.MultiHeadAttention")
def attention_masks(tf):
    layer = tf.keras.layers.MultiHeadAttention(num_heads=2, key_dim=2)
    x = tf.constant(_sequences())
    layer(x, x)
    _filled(layer)
    keep = np.ones((2, 5), bool)
    keep[0, 3:] = False
    pairs = np.tril(np.ones((5, 5), bool))[None]
    return [
        layer(x, x, value_mask=tf.constant(keep)),
        layer(x, x, attention_mask=tf.constant(pairs)),
        layer(x, x, value_mask=tf.constant(keep), use_causal_mask=True),
        [w.path.split("/", 1)[1] for w in layer.weights],
    ]
