"""The same models and loops in PyTorch, as its users write them."""

from typing import Any

import torch
from torch import nn

from benchmarks.keras_models import BATCH


class Block(nn.Module):
    """A transformer block with the normalisation first."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.LayerNorm(64), nn.LayerNorm(64)
        self.attention = nn.MultiheadAttention(64, 4, batch_first=True)
        self.dense = nn.Sequential(nn.Linear(64, 128), nn.GELU(), nn.Linear(128, 64))

    def forward(self, x: Any) -> Any:
        """Attention, then the dense layers, each added to its input."""
        y = self.first(x)
        x = x + self.attention(y, y, y, need_weights=False)[0]
        return x + self.dense(self.second(x))


class LastStep(nn.Module):
    """An LSTM that returns its last step."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(16, 64, batch_first=True)

    def forward(self, x: Any) -> Any:
        """The output at the last step."""
        return self.lstm(x)[0][:, -1]


class Mean(nn.Module):
    """The mean over some axes."""

    def __init__(self, *axes: int) -> None:
        super().__init__()
        self.axes = axes

    def forward(self, x: Any) -> Any:
        """The mean."""
        return x.mean(self.axes)


def build(name: str) -> Any:
    """A model; images come with their channels first."""
    if name == "mlp":
        return nn.Sequential(nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 10))
    if name == "lstm":
        return nn.Sequential(LastStep(), nn.Linear(64, 10))
    if name == "transformer":
        return nn.Sequential(Block(), Block(), Mean(1), nn.Linear(64, 10))
    if name == "cnn28":
        head = [nn.Flatten(), nn.Linear(5408, 100), nn.ReLU(), nn.Linear(100, 10)]
        return nn.Sequential(nn.Conv2d(1, 32, 3), nn.ReLU(), nn.MaxPool2d(2), *head)
    if name == "cnn32":
        return nn.Sequential(
            *(nn.Conv2d(3, 32, 3), nn.ReLU(), nn.MaxPool2d(2)),
            *(nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2)),
            *(nn.Conv2d(64, 64, 3), nn.ReLU(), nn.Flatten()),
            *(nn.Linear(1024, 64), nn.ReLU(), nn.Linear(64, 10)),
        )
    stack: list[Any] = []
    channels = 3
    for filters in (32, 64, 128):
        for _ in range(2):
            stack.append(nn.Conv2d(channels, filters, 3, padding=1, bias=False))
            stack += [nn.BatchNorm2d(filters), nn.ReLU()]
            channels = filters
        stack.append(nn.MaxPool2d(2))
    return nn.Sequential(*stack, Mean(2, 3), nn.Linear(128, 10))


def as_tensors(x: Any, y: Any) -> tuple[Any, Any]:
    """Tensors of the inputs, with channels first."""
    data = torch.from_numpy(x)
    if data.ndim == 4:
        data = data.permute(0, 3, 1, 2).contiguous()
    return data, torch.from_numpy(y).long()


def fit(model: Any, optimizer: Any, x: Any, y: Any) -> float:
    """One epoch; returns the mean loss."""
    model.train()
    order = torch.randperm(len(x))
    total = 0.0
    for start in range(0, len(x), BATCH):
        rows = order[start : start + BATCH]
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(x[rows]), y[rows])
        loss.backward()
        optimizer.step()
        total += loss.item()
    return total


def predict(model: Any, x: Any) -> Any:
    """Predictions as one array, batch by batch."""
    model.eval()
    with torch.inference_mode():
        parts = [model(x[i : i + BATCH]) for i in range(0, len(x), BATCH)]
        return torch.cat(parts).numpy()
