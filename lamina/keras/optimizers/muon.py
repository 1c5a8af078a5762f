"""Muon (Jordan et al., 2024), with AdamW for what is not a matrix."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Unpack

import jax
import jax.numpy as jnp

from lamina.keras.optimizers.adam import adam_means, adam_scale
from lamina.keras.optimizers.base import Optimizer, Slot, Step
from lamina.keras.optimizers.options import OptimizerOptions


class Muon(Optimizer):
    """Momentum made orthogonal by Newton-Schulz iterations, for matrices.

    Variables that are not matrices, embeddings, and those of `exclude_layers` are
    updated by AdamW.

    Args:
        learning_rate: Number, schedule, or callable.
        adam_beta_1: AdamW's decay of the mean of gradients.
        adam_beta_2: AdamW's decay of the mean of squares.
        adam_weight_decay: AdamW's weight decay.
        epsilon: Added to AdamW's root.
        weight_decay: Weight decay of the matrices.
        exclude_layers: Patterns of variable paths left to AdamW.
        exclude_embeddings: Whether embeddings are left to AdamW.
        muon_a: First coefficient of the iteration.
        muon_b: Second coefficient.
        muon_c: Third coefficient.
        adam_lr_ratio: AdamW's learning rate in units of `learning_rate`.
        momentum: Share of the momentum that is kept.
        ns_steps: Number of iterations.
        nesterov: Whether to look ahead along the momentum.
        rms_rate: Root mean square of an update, in units of the square root of the
            larger side; None leaves the update as it is.
        **options: See `Optimizer`.

    Example:
        >>> w = tf.Variable([[1.0, 0.0], [0.0, 1.0]])
        >>> _ = tf.keras.optimizers.Muon(0.1).apply_gradients([(tf.ones((2, 2)), w)])
        >>> w.shape.as_list()
        [2, 2]

    Reference: `keras.optimizers.Muon`.
    """

    def __init__(  # type: ignore[misc]
        self,
        learning_rate: Any = 0.001,
        adam_beta_1: float = 0.9,
        adam_beta_2: float = 0.999,
        adam_weight_decay: float | None = 0.004,
        epsilon: float = 1e-7,
        weight_decay: float | None = 0.004,
        exclude_layers: Sequence[str] | None = None,
        exclude_embeddings: bool = True,
        muon_a: float = 3.4445,
        muon_b: float = -4.7750,
        muon_c: float = 2.0315,
        adam_lr_ratio: float = 1,
        momentum: float = 0.95,
        ns_steps: int = 5,
        nesterov: bool = True,
        rms_rate: float | None = 0.2,
        **options: Unpack[OptimizerOptions],
    ) -> None:
        self.adam_beta_1 = adam_beta_1
        self.adam_beta_2 = adam_beta_2
        self.adam_weight_decay = adam_weight_decay
        self.epsilon = epsilon
        self.exclude_layers = list(exclude_layers or ())
        self.exclude_embeddings = exclude_embeddings
        self.muon_a = muon_a
        self.muon_b = muon_b
        self.muon_c = muon_c
        self.adam_lr_ratio = adam_lr_ratio
        self.momentum = momentum
        self.ns_steps = ns_steps
        self.nesterov = nesterov
        self.rms_rate = rms_rate
        super().__init__(learning_rate, weight_decay=weight_decay, **options)

    def _should_use_adamw(self, variable: Any) -> bool:
        path = getattr(variable, "path", None) or variable.name
        return (
            len(variable.shape) != 2
            or (self.exclude_embeddings and "embedding" in path.lower())
            or any(re.search(pattern, path) for pattern in self.exclude_layers)
        )

    def slots(self, variable: Any) -> list[dict[str, Slot]]:
        """The momentum, and AdamW's mean of squares where it is used."""
        if self._should_use_adamw(variable):
            return [{"momentum": Slot(), "velocity": Slot()}]
        return [{"momentum": Slot()}]

    def _decay_of(self, variable: Any) -> float | None:
        if not self._use_weight_decay(variable):
            return None
        if self._should_use_adamw(variable):
            return self.adam_weight_decay
        return self.weight_decay

    def pure_update(
        self,
        value: jax.Array,
        gradient: jax.Array,
        slots: dict[str, jax.Array],
        step: Step,
    ) -> tuple[jax.Array, dict[str, jax.Array]]:
        """The rule, on arrays."""
        if "velocity" in slots:
            step = step._replace(learning_rate=step.learning_rate * self.adam_lr_ratio)
            betas = self.adam_beta_1, self.adam_beta_2
            means = adam_means(slots, gradient, *betas)
            scale = adam_scale(step, *betas, value.dtype)
            root = jnp.sqrt(means["velocity"]) + self.epsilon
            return value - means["momentum"] * scale / root, means
        kept = slots["momentum"] * self.momentum + gradient
        ahead = gradient + self.momentum * kept if self.nesterov else kept
        move = step.learning_rate * self._orthogonal(ahead)
        if self.rms_rate is not None:
            move = move * (max(value.shape) ** 0.5 * self.rms_rate)
        return value - move, {"momentum": kept}

    def _orthogonal(self, matrix: jax.Array) -> jax.Array:
        """An approximation of the nearest orthogonal matrix."""
        tall = matrix.shape[-2] > matrix.shape[-1]
        x = matrix.T if tall else matrix
        x = x / (jnp.linalg.norm(x) + 1e-7)
        for _ in range(self.ns_steps):
            square = x @ x.T
            poly = self.muon_b * square + self.muon_c * square @ square
            x = self.muon_a * x + poly @ x
        return x.T if tall else x

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return super().get_config() | {key: getattr(self, key) for key in _OWN}


_OWN = (
    "adam_beta_1",
    "adam_beta_2",
    "adam_weight_decay",
    "epsilon",
    "exclude_layers",
    "exclude_embeddings",
    "muon_a",
    "muon_b",
    "muon_c",
    "adam_lr_ratio",
    "momentum",
    "ns_steps",
    "nesterov",
    "rms_rate",
)
