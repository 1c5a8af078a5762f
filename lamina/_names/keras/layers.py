"""Public names of keras.layers, and of the keras.ops that they are made of."""

_LAYERS = "lamina.keras.layers"
_OPS = "lamina.keras.ops"


def _layers(*names: str) -> tuple[str, ...]:
    return tuple(f"keras.layers.{name}" for name in names)


def _ops(*names: str) -> tuple[str, ...]:
    return tuple(f"keras.ops.{name} keras.ops.nn.{name}" for name in names)


def _ranks(name: str, *aliases: str, ranks: tuple[int, ...] = (1, 2, 3)) -> list[str]:
    """`Conv{}D` for each rank, with its aliases."""
    return [
        " ".join(f"keras.layers.{each.format(rank)}" for each in (name, *aliases))
        for rank in ranks
    ]


NAMES: dict[str, tuple[str, ...]] = {
    f"{_LAYERS}.activation.activation": _layers(
        "Activation", "ELU", "LeakyReLU", "PReLU", "ReLU", "ThresholdedReLU"
    ),
    f"{_LAYERS}.activation.softmax": _layers("Softmax"),
    f"{_LAYERS}.attention.attention": _layers("AdditiveAttention", "Attention"),
    f"{_LAYERS}.attention.multi_head_attention": _layers("MultiHeadAttention"),
    f"{_LAYERS}.convolutional.conv": tuple(_ranks("Conv{}D", "Convolution{}D")),
    f"{_LAYERS}.convolutional.depthwise": tuple(
        _ranks("DepthwiseConv{}D", ranks=(1, 2))
    ),
    f"{_LAYERS}.convolutional.separable": tuple(
        _ranks("SeparableConv{}D", "SeparableConvolution{}D", ranks=(1, 2))
    ),
    f"{_LAYERS}.convolutional.transpose": tuple(
        _ranks("Conv{}DTranspose", "Convolution{}DTranspose")
    ),
    f"{_LAYERS}.core.dense": _layers("Dense"),
    f"{_LAYERS}.core.einsum_dense": _layers("EinsumDense"),
    f"{_LAYERS}.core.embedding": _layers("Embedding"),
    f"{_LAYERS}.core.reversible_embedding": _layers("ReversibleEmbedding"),
    f"{_LAYERS}.core.identity": _layers("Identity"),
    f"{_LAYERS}.core.lambda_layer": _layers("Lambda"),
    f"{_LAYERS}.core.masking": _layers("Masking"),
    f"{_LAYERS}.core.wrapper": _layers("Wrapper"),
    f"{_LAYERS}.lookup": _layers("deserialize", "serialize"),
    f"{_LAYERS}.merging.elementwise": _layers(
        "Add",
        "Average",
        "Maximum",
        "Minimum",
        "Multiply",
        "Subtract",
        "add",
        "average",
        "maximum",
        "minimum",
        "multiply",
        "subtract",
    ),
    f"{_LAYERS}.merging.joining": _layers("Concatenate", "Dot", "concatenate", "dot"),
    f"{_LAYERS}.normalization.batch_normalization": _layers("BatchNormalization"),
    f"{_LAYERS}.normalization.layer_normalization": _layers(
        "GroupNormalization",
        "LayerNormalization",
        "RMSNormalization",
        "UnitNormalization",
    ),
    f"{_LAYERS}.pooling.global_pooling": (
        *_ranks("GlobalAveragePooling{}D", "GlobalAvgPool{}D"),
        *_ranks("GlobalMaxPooling{}D", "GlobalMaxPool{}D"),
    ),
    f"{_LAYERS}.pooling.window_pooling": (
        *_ranks("AveragePooling{}D", "AvgPool{}D"),
        *_ranks("MaxPooling{}D", "MaxPool{}D"),
    ),
    f"{_LAYERS}.preprocessing.normalization": (
        "keras.layers.Normalization "
        "keras.layers.experimental.preprocessing.Normalization",
    ),
    f"{_LAYERS}.preprocessing.rescaling": (
        "keras.layers.Rescaling keras.layers.experimental.preprocessing.Rescaling",
    ),
    f"{_LAYERS}.regularization.dropout": _layers(
        "Dropout", "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D"
    ),
    f"{_LAYERS}.regularization.noise": _layers(
        "ActivityRegularization", "AlphaDropout", "GaussianDropout", "GaussianNoise"
    ),
    f"{_LAYERS}.reshaping.cropping": tuple(_ranks("Cropping{}D")),
    f"{_LAYERS}.reshaping.padding": tuple(_ranks("ZeroPadding{}D")),
    f"{_LAYERS}.reshaping.shape_layers": _layers(
        "Flatten", "Permute", "RepeatVector", "Reshape"
    ),
    f"{_LAYERS}.reshaping.up_sampling": tuple(_ranks("UpSampling{}D")),
    f"{_LAYERS}.rnn.bidirectional": _layers("Bidirectional"),
    f"{_LAYERS}.rnn.gru": _layers("GRU", "GRUCell"),
    f"{_LAYERS}.rnn.lstm": _layers("LSTM", "LSTMCell"),
    f"{_LAYERS}.rnn.rnn": _layers("RNN"),
    f"{_LAYERS}.rnn.simple_rnn": _layers("SimpleRNN", "SimpleRNNCell"),
    f"{_LAYERS}.rnn.stacked_rnn_cells": _layers("StackedRNNCells"),
    f"{_LAYERS}.rnn.time_distributed": _layers("TimeDistributed"),
    f"{_OPS}.attention": _ops("dot_product_attention"),
    f"{_OPS}.convolution": _ops(
        "conv", "conv_transpose", "depthwise_conv", "separable_conv"
    ),
    f"{_OPS}.normalization": _ops(
        "layer_normalization", "normalize", "rms_normalization"
    ),
    f"{_OPS}.pooling": _ops("average_pool", "max_pool"),
}
