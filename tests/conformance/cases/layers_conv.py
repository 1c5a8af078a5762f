"""Convolutions, poolings, and the layers that pad, crop, enlarge and reshape."""

from tests.conformance.records import T, bad_setup, layer, setup

layer(
    "keras.layers.Conv1D",
    [
        setup(T(2, 7, 3), filters=4, kernel_size=3),
        setup(T(2, 7, 3), filters=2, kernel_size=2, padding="causal", dilation_rate=2),
        setup(
            T(2, 7, 4), filters=4, kernel_size=3, strides=2, padding="same", groups=2
        ),
    ],
    bad=[
        bad_setup(T(2, 2, 3), filters=4, kernel_size=3),
        bad_setup(T(2, 7, 3), filters=4, kernel_size=3, groups=2),
    ],
    aliases=["keras.layers.Convolution1D"],
)
layer(
    "keras.layers.Conv2D",
    [
        setup(T(2, 6, 5, 3), filters=4, kernel_size=3, activation="relu"),
        setup(T(2, 6, 5, 3), filters=4, kernel_size=(3, 2), strides=2, padding="same"),
        setup(T(2, 6, 6, 4), filters=4, kernel_size=3, groups=2, use_bias=False),
        setup(T(2, 7, 7, 2), filters=2, kernel_size=3, dilation_rate=2),
    ],
    bad=[
        bad_setup(T(2, 6, 5, 3), filters=0, kernel_size=3),
        bad_setup(T(2, 6, 5, 3), filters=4, kernel_size=3, padding="causal"),
        bad_setup(T(2, 6, 5, 3), filters=4, kernel_size=3, strides=2, dilation_rate=2),
        bad_setup(T(2, 6, 5, 3), filters=4, kernel_size=(3, 3, 3)),
        bad_setup(T(6, 5, 3), filters=4, kernel_size=3),
    ],
    aliases=["keras.layers.Convolution2D"],
)
layer(
    "keras.layers.Conv3D",
    [setup(T(1, 4, 4, 4, 2), filters=3, kernel_size=2, strides=(1, 2, 1))],
    aliases=["keras.layers.Convolution3D"],
)
layer(
    "keras.layers.Conv1DTranspose",
    [
        setup(T(2, 4, 3), filters=2, kernel_size=3, strides=2),
        setup(T(2, 4, 3), filters=2, kernel_size=3, strides=2, padding="same"),
    ],
    aliases=["keras.layers.Convolution1DTranspose"],
)
layer(
    "keras.layers.Conv2DTranspose",
    [
        setup(T(2, 4, 3, 3), filters=2, kernel_size=3),
        setup(T(2, 4, 3, 3), filters=2, kernel_size=3, strides=2, padding="same"),
        setup(
            T(2, 4, 3, 3),
            filters=2,
            kernel_size=3,
            strides=2,
            padding="same",
            output_padding=1,
        ),
        setup(T(2, 4, 3, 3), filters=2, kernel_size=2, strides=3),
    ],
    aliases=["keras.layers.Convolution2DTranspose"],
)
layer(
    "keras.layers.Conv3DTranspose",
    [setup(T(1, 2, 3, 2, 2), filters=2, kernel_size=2, strides=2, padding="same")],
    aliases=["keras.layers.Convolution3DTranspose"],
)
layer(
    "keras.layers.DepthwiseConv1D",
    [setup(T(2, 6, 3), kernel_size=3, depth_multiplier=2)],
)
layer(
    "keras.layers.DepthwiseConv2D",
    [
        setup(T(2, 6, 5, 3), kernel_size=3),
        setup(
            T(2, 6, 5, 2), kernel_size=3, strides=2, padding="same", depth_multiplier=2
        ),
    ],
)
layer(
    "keras.layers.SeparableConv1D",
    [setup(T(2, 6, 3), filters=4, kernel_size=3, padding="same")],
    aliases=["keras.layers.SeparableConvolution1D"],
)
layer(
    "keras.layers.SeparableConv2D",
    [setup(T(2, 6, 5, 3), filters=4, kernel_size=3, depth_multiplier=2)],
    aliases=["keras.layers.SeparableConvolution2D"],
)
_MORE = {
    "up2": [
        setup(T(1, 3, 2, 2), size=(2, 3), interpolation="bilinear"),
        setup(T(1, 3, 4, 2), interpolation="bicubic"),
    ],
    "pad2": [setup(T(2, 3, 4, 2), padding=((1, 0), (2, 1)))],
    "crop2": [setup(T(2, 4, 5, 2), cropping=((1, 0), (2, 1)))],
}
_SHAPES = {1: (2, 7, 3), 2: (2, 6, 5, 3), 3: (1, 4, 5, 4, 2)}
for _rank, _shape in _SHAPES.items():
    layer(
        f"keras.layers.MaxPooling{_rank}D",
        [setup(T(*_shape)), setup(T(*_shape), pool_size=3, strides=2, padding="same")],
        bad=[bad_setup(T(*_shape), pool_size=0)],
        aliases=[f"keras.layers.MaxPool{_rank}D"],
    )
    layer(
        f"keras.layers.AveragePooling{_rank}D",
        [
            setup(T(*_shape), pool_size=2),
            setup(T(*_shape), pool_size=3, strides=2, padding="same"),
        ],
        bad=[bad_setup(T(*_shape), pool_size=0)],
        aliases=[f"keras.layers.AvgPool{_rank}D"],
    )
    layer(
        f"keras.layers.GlobalMaxPooling{_rank}D",
        [setup(T(*_shape)), setup(T(*_shape), keepdims=True)],
        aliases=[f"keras.layers.GlobalMaxPool{_rank}D"],
    )
    layer(
        f"keras.layers.GlobalAveragePooling{_rank}D",
        [setup(T(*_shape)), setup(T(*_shape), data_format="channels_first")],
        aliases=[f"keras.layers.GlobalAvgPool{_rank}D"],
    )
    layer(
        f"keras.layers.UpSampling{_rank}D",
        [setup(T(*_shape), size=2), *_MORE.get(f"up{_rank}", ())],
    )
    layer(
        f"keras.layers.ZeroPadding{_rank}D",
        [setup(T(*_shape), padding=2), *_MORE.get(f"pad{_rank}", ())],
    )
    layer(
        f"keras.layers.Cropping{_rank}D",
        [setup(T(*_shape), cropping=1), *_MORE.get(f"crop{_rank}", ())],
        bad=[bad_setup(T(*_shape), cropping=3)],
    )
layer(
    "keras.layers.Flatten",
    [
        setup(T(2, 3, 4)),
        setup(T(3)),
        setup(T(2, 3, 4, 2), data_format="channels_first"),
    ],
)
layer(
    "keras.layers.Reshape",
    [setup(T(2, 3, 4), target_shape=(6, 2)), setup(T(2, 3, 4), target_shape=(-1, 2))],
    bad=[bad_setup(T(2, 3, 4), target_shape=(5, 2))],
)
layer(
    "keras.layers.Permute",
    [setup(T(2, 3, 4), dims=(2, 1))],
    bad=[bad_setup(T(2, 3, 4), dims=(0, 1))],
)
layer(
    "keras.layers.RepeatVector",
    [setup(T(2, 3), n=4)],
    bad=[bad_setup(T(2, 3), n=1.5, raises="TypeError")],
)
