"""PyTorch, as its users write it."""

from collections.abc import Callable
from typing import Any

import torch

from benchmarks import torch_models
from benchmarks.keras_models import inputs
from benchmarks.keras_side import repeated


class TorchSide:
    """PyTorch's part of the table."""

    def action(self, name: str, steps: int) -> tuple[Callable[[], Any], int]:
        """A call to be timed, and the number of units that it does."""
        family, what = name.split(".")
        if family == "eager":
            return self._eager(what, steps * 20)
        model = torch_models.build(family)
        x, y = torch_models.as_tensors(*inputs(family, steps * 32))
        if what == "fit":
            optimizer = torch.optim.Adam(model.parameters())
            return lambda: torch_models.fit(model, optimizer, x, y), steps
        if what == "row":
            row = x[:1]
            return repeated(lambda: torch_models.predict(model, row), steps)
        return lambda: torch_models.predict(model, x), steps

    def _eager(self, what: str, count: int) -> tuple[Callable[[], Any], int]:
        a = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
        v = a.clone()
        w = a.clone().requires_grad_()

        def gradient() -> Any:
            return torch.autograd.grad(torch.sum(torch.matmul(w, w) * w), w)

        calls = {"add": lambda: a + a, "assign": lambda: v.add_(a), "tape": gradient}
        return repeated(calls[what], count)
