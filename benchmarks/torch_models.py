"""The models of the table in PyTorch, as its users write them; channels come first."""

from typing import Any

from torch import nn

from benchmarks.inputs import EVERY_MODEL


class Block(nn.Module):
    """A transformer block with the normalisation first."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.first, self.second = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention = nn.MultiheadAttention(width, heads, batch_first=True)
        inner = 4 * width
        self.dense = nn.Sequential(
            nn.Linear(width, inner), nn.GELU(), nn.Linear(inner, width)
        )

    def forward(self, x: Any) -> Any:
        """Attention, then the dense layers, each added to its input."""
        y = self.first(x)
        x = x + self.attention(y, y, y, need_weights=False)[0]
        return x + self.dense(self.second(x))


class Last(nn.Module):
    """The last state of a recurrent layer, of both directions where it has them."""

    def __init__(self, layer: Any) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, x: Any) -> Any:
        """The states side by side."""
        state = self.layer(x)[1]
        state = state[0] if isinstance(state, tuple) else state
        return state.transpose(0, 1).flatten(1)


class Mean(nn.Module):
    """The mean over some axes."""

    def __init__(self, *axes: int) -> None:
        super().__init__()
        self.axes = axes

    def forward(self, x: Any) -> Any:
        """The mean."""
        return x.mean(self.axes)


class Residual(nn.Module):
    """A residual block of He et al."""

    def __init__(self, body: Any, shortcut: Any) -> None:
        super().__init__()
        self.body, self.shortcut, self.relu = body, shortcut, nn.ReLU(inplace=True)

    def forward(self, x: Any) -> Any:
        """The body's outputs added to the inputs."""
        return self.relu(self.body(x) + self.shortcut(x))


def normalised(
    inputs: int,
    filters: int,
    size: int,
    strides: int = 1,
    groups: int = 1,
    relu: bool = True,
) -> list[nn.Module]:
    """A convolution, its batch normalisation, and ReLU."""
    options = {"stride": strides, "padding": size // 2, "bias": False}
    convolution = nn.Conv2d(inputs, filters, size, groups=groups, **options)
    found = [convolution, nn.BatchNorm2d(filters)]
    return [*found, nn.ReLU(inplace=True)] if relu else found


def build(name: str) -> Any:
    """A model."""
    makers = {
        "mlp": lambda: ([nn.Linear(784, 128), nn.ReLU()], 128),
        "lstm": lambda: ([Last(nn.LSTM(32, 64, batch_first=True))], 64),
        "bigru": lambda: (
            [Last(nn.GRU(32, 64, batch_first=True, bidirectional=True))],
            128,
        ),
        "cnn28": _cnn28,
        "cnn32": _cnn32,
        "cnn6": _cnn6,
        "resnet": _resnet20,
        "resnet50": _resnet50,
        "depthwise": _depthwise,
        "transformer": lambda: _transformer(5000, 128, 4, 2),
        "transformer12": lambda: _transformer(32000, 768, 12, 12),
    }
    layers, features = makers[name]()
    return nn.Sequential(*layers, nn.Linear(features, EVERY_MODEL[name].classes))


def _cnn28() -> tuple[list[Any], int]:
    layers = [nn.Conv2d(1, 32, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten()]
    return [*layers, nn.Linear(13 * 13 * 32, 100), nn.ReLU()], 100


def _cnn32() -> tuple[list[Any], int]:
    layers = [nn.Conv2d(3, 32, 3), nn.ReLU(), nn.MaxPool2d(2)]
    layers += [nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2)]
    layers += [nn.Conv2d(64, 64, 3), nn.ReLU(), nn.Flatten()]
    return [*layers, nn.Linear(4 * 4 * 64, 64), nn.ReLU()], 64


def _cnn6() -> tuple[list[Any], int]:
    layers, channels = [], 3
    for filters in (32, 64, 128):
        layers += normalised(channels, filters, 3) + normalised(filters, filters, 3)
        layers.append(nn.MaxPool2d(2))
        channels = filters
    return [*layers, Mean(2, 3)], channels


def _residual(parts: list[Any], inputs: int, outputs: int, strides: int) -> Residual:
    shortcut: Any = nn.Identity()
    if strides > 1 or inputs != outputs:
        shortcut = nn.Sequential(*normalised(inputs, outputs, 1, strides, relu=False))
    return Residual(nn.Sequential(*parts), shortcut)


def _resnet20() -> tuple[list[Any], int]:
    layers, channels = normalised(3, 16, 3), 16
    for filters in (16, 32, 64):
        for _ in range(3):
            strides = 2 if filters > channels else 1
            parts = normalised(channels, filters, 3, strides)
            parts += normalised(filters, filters, 3, relu=False)
            layers.append(_residual(parts, channels, filters, strides))
            channels = filters
    return [*layers, Mean(2, 3)], channels


def _resnet50() -> tuple[list[Any], int]:
    layers, channels = normalised(3, 64, 7, 2), 64
    layers.append(nn.MaxPool2d(3, 2, 1))
    for stage, blocks in enumerate((3, 4, 6, 3)):
        filters = 64 << stage
        for block in range(blocks):
            strides = 2 if stage and not block else 1
            parts = normalised(channels, filters, 1)
            parts += normalised(filters, filters, 3, strides)
            parts += normalised(filters, 4 * filters, 1, relu=False)
            layers.append(_residual(parts, channels, 4 * filters, strides))
            channels = 4 * filters
    return [*layers, Mean(2, 3)], channels


def _depthwise() -> tuple[list[Any], int]:
    layers, channels = normalised(3, 32, 3), 32
    for filters, strides in ((64, 1), (128, 2), (128, 1), (256, 2), (256, 1)):
        layers += normalised(channels, channels, 3, strides, groups=channels)
        layers += normalised(channels, filters, 1)
        channels = filters
    return [*layers, Mean(2, 3)], channels


def _transformer(
    vocabulary: int, width: int, heads: int, blocks: int
) -> tuple[list[Any], int]:
    layers = [nn.Embedding(vocabulary, width)]
    layers += [Block(width, heads) for _ in range(blocks)]
    return [*layers, Mean(1)], width
