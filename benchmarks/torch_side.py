"""PyTorch, as its users write it: eagerly, or with the model under `torch.compile`."""

import contextlib
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch.nn.functional import cross_entropy

from benchmarks import torch_models
from benchmarks.inputs import EVERY_MODEL, Batches, batches, mlp_arrays
from benchmarks.items import BFLOAT16, COMPILED


class TorchBatches(Batches):
    """Tensors on the device; images in the model's memory format."""

    def __init__(self, name: str, device: str, layout: Any) -> None:
        super().__init__(name)
        self.device, self.layout = device, layout

    def prepare(self, x: Any, y: Any) -> tuple[Any, Any]:
        """Tensors, with channels first."""
        data = torch.from_numpy(x)
        if data.ndim == 4:
            data = data.permute(0, 3, 1, 2).contiguous(memory_format=self.layout)
        return data.to(self.device), torch.from_numpy(y).long().to(self.device)


class TorchSession:
    """A model, its optimizer and its data."""

    def __init__(self, name: str, dtype: str, layout: Any, compiled: bool) -> None:
        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        self.half = dtype == BFLOAT16
        model = torch_models.build(name).to(self.device, memory_format=layout)
        self.optimizer = torch.optim.Adam(model.parameters(), fused=True)
        self.model: Any = torch.compile(model) if compiled else model
        self.batch = EVERY_MODEL[name].batch
        self.batches = TorchBatches(name, self.device, layout)
        self.arrays = batches(name, 1)

    def autocast(self) -> Any:
        """The context of mixed precision, or none."""
        if self.half:
            return torch.autocast(self.device, torch.bfloat16)
        return contextlib.nullcontext()

    def _train(self, x: Any, y: Any) -> tuple[Any, Any]:
        self.optimizer.zero_grad()
        with self.autocast():
            logits = self.model(x)
            loss = cross_entropy(logits, y)
        loss.backward()
        self.optimizer.step()
        return loss.detach(), (logits.detach().argmax(1) == y).sum()

    def fit(self, steps: int) -> tuple[float, float]:
        """One epoch over shuffled rows; the mean loss and the accuracy."""
        self.model.train()
        x, y = self.batches(steps)
        order = torch.randperm(len(x), device=self.device)
        total, right = torch.zeros((), device=self.device), 0
        for rows in order.split(self.batch):
            loss, hits = self._train(x[rows], y[rows])
            total, right = total + loss, right + hits
        return total.item() / steps, right.item() / len(x)

    def _predict(self, x: Any) -> Any:
        self.model.eval()
        with torch.inference_mode(), self.autocast():
            return torch.cat([self.model(part) for part in x.split(self.batch)])

    def predict(self, steps: int) -> Any:
        """Outputs as one array."""
        return self._predict(self.batches(steps)[0]).float().cpu().numpy()

    def evaluate(self, steps: int) -> tuple[float, float]:
        """Loss and accuracy."""
        x, y = self.batches(steps)
        logits = self._predict(x)
        right = (logits.argmax(1) == y).sum()
        return cross_entropy(logits, y).item(), right.item() / len(x)

    def row(self) -> Any:
        """Outputs for one row."""
        row = torch.from_numpy(self.arrays[0][:1])
        return self._predict(row.to(self.device)).float().cpu().numpy()

    def train_on_batch(self) -> tuple[float, float]:
        """One step with arrays of the caller."""
        self.model.train()
        x, y = map(torch.from_numpy, self.arrays)
        loss, hits = self._train(x.to(self.device), y.long().to(self.device))
        return loss.item(), hits.item() / len(x)


class TorchSide:
    """PyTorch's part of the table."""

    def __init__(self, name: str) -> None:
        self.compiled = name == COMPILED

    def settings(self, model: str) -> tuple[str, ...]:
        """Memory formats; the compiler chooses its own."""
        if len(EVERY_MODEL[model].shape) == 3 and not self.compiled:
            return ("channels first", "channels last")
        return ("",)

    def session(self, name: str, dtype: str, setting: str) -> TorchSession:
        """A model."""
        last = setting == "channels last"
        layout = torch.channels_last if last else torch.contiguous_format
        return TorchSession(name, dtype, layout, self.compiled)

    def call(self, what: str, dtype: str) -> Callable[[], Any]:
        """Something to be called again and again."""
        a = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
        if what == "add":
            return lambda: a + a
        if what == "assign":
            v = a.clone()
            return lambda: v.add_(a)
        if what == "convert":
            array = np.ones((2, 2), "float32")
            return lambda: torch.tensor(array)
        if what == "function":
            function = torch.compile(lambda a: a + a)
            return lambda: function(a)
        if what == "tape":
            return tape()
        size = int(what.removeprefix("matmul_"))
        large = torch.rand(size, size).to(getattr(torch, dtype))
        return lambda: torch.matmul(large, large)

    def wait(self, result: Any) -> None:
        """PyTorch's calls on a CPU return when they are done."""


def tape() -> Callable[[], Any]:
    """A training step's gradient, op by op."""
    x, y, *weights = map(torch.from_numpy, mlp_arrays())
    y = y.long()
    w1, w2, w3 = weights = [weight.requires_grad_() for weight in weights]

    def gradients() -> Any:
        hidden = torch.relu(torch.relu(x @ w1) @ w2)
        return torch.autograd.grad(cross_entropy(hidden @ w3, y), weights)[0]

    return gradients
