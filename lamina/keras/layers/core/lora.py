"""Low-rank adaptation: training a small update in place of a large weight."""

from __future__ import annotations

from typing import Any

from lamina.engine.errors import message
from lamina.engine.tensor import convert_to_tensor
from lamina.keras.initializers import lookup as initializers
from lamina.ops.array.casting import cast
from lamina.ops.array.creation import zeros_like
from lamina.ops.linalg.products import matmul


class LoraMixin:
    """Gives a layer with one large weight `enable_lora`.

    The layer keeps the weight under `_lora_target`; reading it through the public
    name adds `lora_alpha / lora_rank * a @ b` once LoRA is on.

    Reference: Hu et al., "LoRA" (2021).
    """

    _lora_target = "_kernel"
    lora_rank: int | None
    lora_alpha: float | None
    lora_enabled: bool

    def _set_lora(self, rank: int | None, alpha: float | None, config: Any) -> None:
        if config is not None:
            raise ValueError(
                message(
                    f"keras.layers.{type(self).__name__}",
                    expected="quantization_config=None",
                    received=f"quantization_config={config!r}",
                    hint="Quantise a trained model when it is exported instead.",
                )
            )
        self.lora_rank = rank
        self.lora_alpha = alpha if alpha is not None else rank
        self.lora_enabled = False
        self.quantization_config = None

    def _lora_skip(self) -> tuple[str, ...]:
        """Arguments that stay out of a config without LoRA."""
        return () if self.lora_rank else ("lora_rank", "lora_alpha")

    @property
    def kernel(self) -> Any:
        """The weight in use, with the low-rank update where LoRA is on.

        Raises:
            AttributeError: The layer is not built.
        """
        return self._adapted()

    def _adapted(self) -> Any:
        if not self.built:  # type: ignore[attr-defined]
            raise AttributeError(
                f"You must build the layer before accessing its weight: "
                f"{type(self).__name__} is not built. Call it on data first."
            )
        weight = self._target()
        if not self.lora_enabled:
            return weight
        first, second = map(convert_to_tensor, self._lora_factors())
        update = matmul(first, second) * (self.lora_alpha / self.lora_rank)  # type: ignore[operator]
        return weight + cast(update, convert_to_tensor(weight).dtype)

    def save_own_variables(self, store: Any) -> None:
        """Writes the weights; the low-rank update is added to the weight it is of."""
        if not self.lora_enabled:
            super().save_own_variables(store)  # type: ignore[misc]
            return
        store["0"] = convert_to_tensor(self._adapted())
        for number, weight in enumerate(self._other_weights(), 1):
            store[str(number)] = weight

    def load_own_variables(self, store: Any) -> None:
        """Reads the weights; an update that is being trained starts at zero."""
        if not self.lora_enabled:
            super().load_own_variables(store)  # type: ignore[misc]
            return
        self._target().assign(store["0"])
        for number, weight in enumerate(self._other_weights(), 1):
            weight.assign(store[str(number)])
        for factor in self._lora_factors():
            factor.assign(zeros_like(convert_to_tensor(factor)))

    def _target(self) -> Any:
        return getattr(self, self._lora_target)

    def _lora_factors(self) -> tuple[Any, Any]:
        """The two factors of the update, such as `lora_kernel_a, lora_kernel_b`."""
        target = self._lora_target.lstrip("_")
        return getattr(self, f"lora_{target}_a"), getattr(self, f"lora_{target}_b")

    def _other_weights(self) -> list[Any]:
        """The layer's own weights but for the large one and its update."""
        left_out = {id(part) for part in (*self._lora_factors(), self._target())}
        every = [*self._trainable_variables, *self._non_trainable_variables]  # type: ignore[attr-defined]
        return [weight for weight in every if id(weight) not in left_out]

    def enable_lora(
        self,
        rank: int,
        lora_alpha: float | None = None,
        a_initializer: Any = "he_uniform",
        b_initializer: Any = "zeros",
    ) -> None:
        """Freezes the weight and trains a low-rank update of it instead.

        The update's two factors, float32, become attributes of the layer, named
        after the weight: `lora_kernel_a` and `lora_kernel_b`.

        Args:
            rank: The rank of the update.
            lora_alpha: The update's factor is `lora_alpha / rank`; `rank` if None.
            a_initializer: Of the first factor `(..., rank)`.
            b_initializer: Of the second factor `(rank, D)`.

        Raises:
            ValueError: The layer is not built, LoRA is already on, or the weight has
                a constraint.
        """
        target = self._lora_target.lstrip("_")
        problem = None
        if getattr(self, f"{target}_constraint", None) is not None:
            kind = target.removesuffix("s")
            problem = f"Lora is incompatible with {kind} constraints"
        elif not self.built:  # type: ignore[attr-defined]
            problem = "Cannot enable lora on a layer that isn't yet built"
        elif self.lora_enabled:
            problem = "lora is already enabled. This can only be done once per layer"
        if problem is not None:
            raise ValueError(
                message(
                    f"keras.layers.{type(self).__name__}.enable_lora",
                    expected="a built layer without LoRA and without a constraint",
                    received=problem,
                    hint="Call enable_lora once, after the layer was built.",
                )
            )
        weight = self._target()
        self._tracker.unlock()  # type: ignore[attr-defined]
        shapes = {"a": (*weight.shape[:-1], rank), "b": (rank, weight.shape[-1])}
        makers = {"a": a_initializer, "b": b_initializer}
        for letter, shape in shapes.items():
            factor = self.add_weight(  # type: ignore[attr-defined]
                name=f"lora_{target}_{letter}",
                shape=shape,
                dtype="float32",
                initializer=initializers.get(makers[letter]),
                regularizer=getattr(self, f"{target}_regularizer", None),
            )
            setattr(self, f"lora_{target}_{letter}", factor)
        weight.trainable = False
        self._tracker.lock()  # type: ignore[attr-defined]
        self.lora_enabled = True
        self.lora_rank = rank
        self.lora_alpha = rank if lora_alpha is None else lora_alpha
