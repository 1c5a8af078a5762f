"""The options that every optimizer shares, and the checks on them."""

from __future__ import annotations

import inspect
from typing import Any, TypedDict

from lamina.engine.errors import InvalidArgumentError


class OptimizerOptions(TypedDict, total=False):
    """Keyword options that every optimizer passes on to `Optimizer`.

    `weight_decay`: decoupled decay, a fraction of the weight per unit of
    learning rate. `clipnorm`, `clipvalue`, `global_clipnorm`: gradient clipping,
    at most one of them. `use_ema`, `ema_momentum`, `ema_overwrite_frequency`:
    moving average of the weights. `loss_scale_factor`: divides the gradients.
    `gradient_accumulation_steps`: updates once in so many calls, with the mean
    of the gradients. `lr` and `decay` are the Keras 2 spellings of the rate and
    of an inverse time decay; `jit_compile` is accepted because every update is
    compiled anyway.
    """

    weight_decay: float | None
    clipnorm: float | None
    clipvalue: float | None
    global_clipnorm: float | None
    use_ema: bool
    ema_momentum: float
    ema_overwrite_frequency: int | None
    loss_scale_factor: float | None
    gradient_accumulation_steps: int | None
    name: str | None
    lr: Any
    decay: float | None
    jit_compile: bool


DEFAULTS: dict[str, Any] = {
    "weight_decay": None,
    "clipnorm": None,
    "clipvalue": None,
    "global_clipnorm": None,
    "use_ema": False,
    "ema_momentum": 0.99,
    "ema_overwrite_frequency": None,
    "loss_scale_factor": None,
    "gradient_accumulation_steps": None,
    "name": None,
}
OPTION_NAMES = tuple(name for name in DEFAULTS if name != "name")


def full_signature(init: Any) -> inspect.Signature:
    """The constructor's signature with the shared options written out.

    Editors and `help()` then show what Keras shows, while each optimizer's
    source names only its own parameters.
    """
    found = list(inspect.signature(init).parameters.values())[1:]
    if not any(p.name == "options" for p in found):
        return inspect.Signature(found)
    own = [p for p in found if p.kind is not inspect.Parameter.VAR_KEYWORD]
    taken = {p.name for p in own}
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    shared = [
        inspect.Parameter(name, kind, default=default)
        for name, default in DEFAULTS.items()
        if name not in taken
    ]
    rest = inspect.Parameter("kwargs", inspect.Parameter.VAR_KEYWORD)
    return inspect.Signature([*own, *shared, rest])


def check_options(name: str, options: dict[str, Any]) -> None:
    """Raises if the shared options contradict each other.

    Args:
        name: Class name, for the message.
        options: The values of the shared options.

    Raises:
        InvalidArgumentError: Two kinds of clipping, an accumulation count below
            two, or a moving average outside its range.
    """
    clips = {
        key: options[key]
        for key in ("clipnorm", "clipvalue", "global_clipnorm")
        if options[key] is not None
    }
    if len(clips) > 1:
        raise InvalidArgumentError.of(
            f"keras.optimizers.{name}",
            expected="Only one of `clipnorm`, `clipvalue` and `global_clipnorm` can "
            "be set",
            received=", ".join(f"{key}={value}" for key, value in clips.items()),
            hint="Keep one of them.",
        )
    steps = options["gradient_accumulation_steps"]
    if steps and not steps >= 2:
        raise InvalidArgumentError.of(
            f"keras.optimizers.{name}",
            expected="`gradient_accumulation_steps` must be an integer >= 2",
            received=f"gradient_accumulation_steps={steps}",
            hint="Leave it out to update at every step.",
        )
    if not options["use_ema"]:
        return
    momentum, frequency = options["ema_momentum"], options["ema_overwrite_frequency"]
    if not 0 <= momentum <= 1:
        raise InvalidArgumentError.of(
            f"keras.optimizers.{name}",
            expected="`ema_momentum` must be in the range [0, 1]",
            received=f"ema_momentum={momentum}",
            hint="0.99 is the usual value.",
        )
    if frequency and (not isinstance(frequency, int) or frequency < 1):
        raise InvalidArgumentError.of(
            f"keras.optimizers.{name}",
            expected="`ema_overwrite_frequency` must be an integer >= 1 or None",
            received=f"ema_overwrite_frequency={frequency}",
            hint="None writes the averages back only at the end of training.",
        )
