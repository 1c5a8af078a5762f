"""The models of the table in Keras, written once for every implementation of it."""

from typing import Any

from benchmarks.inputs import EVERY_MODEL


def build(keras: Any, name: str, **options: Any) -> Any:
    """A compiled model; the options go to `compile`."""
    makers = {
        "lstm": lambda layers, x: layers.LSTM(64)(x),
        "bigru": lambda layers, x: layers.Bidirectional(layers.GRU(64))(x),
        "mlp": lambda layers, x: layers.Dense(128, activation="relu")(x),
        "cnn28": _cnn28,
        "cnn32": _cnn32,
        "cnn6": _cnn6,
        "resnet": _resnet20,
        "depthwise": _depthwise,
        "resnet50": _resnet50,
        "transformer": lambda *at: _transformer(*at, 5000, 128, heads=4, blocks=2),
        "transformer12": lambda *at: _transformer(*at, 32000, 768, heads=12, blocks=12),
    }
    model = EVERY_MODEL[name]
    dtype = "int32" if model.vocabulary else "float32"
    inputs = keras.Input(model.shape, dtype=dtype)
    features = makers[name](keras.layers, inputs)
    # Keras's advice for mixed precision: the outputs in float32.
    logits = keras.layers.Dense(model.classes, dtype="float32")(features)
    built = keras.Model(inputs, logits)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    built.compile(keras.optimizers.Adam(), loss, metrics=["accuracy"], **options)
    return built


def _cnn28(layers: Any, x: Any) -> Any:
    x = layers.Conv2D(32, 3, activation="relu")(x)
    x = layers.Flatten()(layers.MaxPooling2D()(x))
    return layers.Dense(100, activation="relu")(x)


def _cnn32(layers: Any, x: Any) -> Any:
    x = layers.MaxPooling2D()(layers.Conv2D(32, 3, activation="relu")(x))
    x = layers.MaxPooling2D()(layers.Conv2D(64, 3, activation="relu")(x))
    x = layers.Flatten()(layers.Conv2D(64, 3, activation="relu")(x))
    return layers.Dense(64, activation="relu")(x)


def _normalised(layers: Any, x: Any, convolution: Any, relu: bool = True) -> Any:
    x = layers.BatchNormalization()(convolution(x))
    return layers.ReLU()(x) if relu else x


def _convolution(layers: Any, filters: int, size: int, strides: int = 1) -> Any:
    options = {"padding": "same", "use_bias": False}
    return layers.Conv2D(filters, size, strides, **options)


def _cnn6(layers: Any, x: Any) -> Any:
    for filters in (32, 64, 128):
        for _ in range(2):
            x = _normalised(layers, x, _convolution(layers, filters, 3))
        x = layers.MaxPooling2D()(x)
    return layers.GlobalAveragePooling2D()(x)


def _residual(layers: Any, x: Any, convolutions: list[Any], shortcut: Any) -> Any:
    y = x
    for convolution in convolutions[:-1]:
        y = _normalised(layers, y, convolution)
    y = _normalised(layers, y, convolutions[-1], relu=False)
    if shortcut is not None:
        x = _normalised(layers, x, shortcut, relu=False)
    return layers.ReLU()(layers.Add()([x, y]))


def _resnet20(layers: Any, x: Any) -> Any:
    """He et al. 2015, section 4.2: three stages of three blocks."""
    x = _normalised(layers, x, _convolution(layers, 16, 3))
    for filters in (16, 32, 64):
        for block in range(3):
            down = filters > 16 and block == 0
            strides = 2 if down else 1
            first = _convolution(layers, filters, 3, strides)
            second = _convolution(layers, filters, 3)
            shortcut = _convolution(layers, filters, 1, strides) if down else None
            x = _residual(layers, x, [first, second], shortcut)
    return layers.GlobalAveragePooling2D()(x)


def _resnet50(layers: Any, x: Any) -> Any:
    """He et al. 2015, table 1, with the stride in the 3x3 convolution."""
    x = _normalised(layers, x, _convolution(layers, 64, 7, 2))
    x = layers.MaxPooling2D(3, 2, padding="same")(x)
    for stage, blocks in enumerate((3, 4, 6, 3)):
        filters = 64 << stage
        for block in range(blocks):
            strides = 2 if stage and not block else 1
            convolutions = [
                _convolution(layers, filters, 1),
                _convolution(layers, filters, 3, strides),
                _convolution(layers, 4 * filters, 1),
            ]
            shortcut = None if block else _convolution(layers, 4 * filters, 1, strides)
            x = _residual(layers, x, convolutions, shortcut)
    return layers.GlobalAveragePooling2D()(x)


def _depthwise(layers: Any, x: Any) -> Any:
    """The blocks of MobileNet (Howard et al. 2017) on small images."""
    x = _normalised(layers, x, _convolution(layers, 32, 3))
    for filters, strides in ((64, 1), (128, 2), (128, 1), (256, 2), (256, 1)):
        options = {"padding": "same", "use_bias": False}
        x = _normalised(layers, x, layers.DepthwiseConv2D(3, strides, **options))
        x = _normalised(layers, x, _convolution(layers, filters, 1))
    return layers.GlobalAveragePooling2D()(x)


def _transformer(
    layers: Any, x: Any, vocabulary: int, width: int, heads: int, blocks: int
) -> Any:
    """Embedded tokens through blocks with the normalisation first."""
    x = layers.Embedding(vocabulary, width)(x)
    for _ in range(blocks):
        y = layers.LayerNormalization()(x)
        y = layers.MultiHeadAttention(heads, width // heads)(y, y)
        x = layers.Add()([x, y])
        y = layers.LayerNormalization()(x)
        y = layers.Dense(4 * width, activation="gelu")(y)
        x = layers.Add()([x, layers.Dense(width)(y)])
    return layers.GlobalAveragePooling1D()(x)
