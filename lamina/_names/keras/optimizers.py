"""Public names of keras.optimizers."""

_PLAIN = {
    "adafactor": ("Adafactor",),
    "adagrad": ("Adagrad", "Adadelta"),
    "adam": ("Adam", "AdamW", "Adamax"),
    "base": ("Optimizer",),
    "ftrl": ("Ftrl",),
    "lamb": ("Lamb",),
    "lion": ("Lion",),
    "loss_scale": ("LossScaleOptimizer",),
    "lookup": ("serialize", "deserialize", "get"),
    "multi": ("MultiOptimizer", "OptimizerMap"),
    "muon": ("Muon",),
    "nadam": ("Nadam",),
    "rmsprop": ("RMSprop",),
    "schedule_free": ("ScheduleFreeAdamW",),
    "sgd": ("SGD",),
}
_LEGACY = {"Adagrad", "Adadelta", "Adam", "Adamax", "Ftrl", "Nadam", "RMSprop", "SGD"}
_EXPERIMENTAL = _LEGACY | {"AdamW"}
_EXTRA = {
    "Optimizer": "keras.Optimizer keras.optimizers.legacy.Optimizer "
    "keras.optimizers.experimental.Optimizer "
    "keras.optimizers.optimizer_experimental.Optimizer",
    "LossScaleOptimizer": "keras.mixed_precision.LossScaleOptimizer",
    "deserialize": "keras.optimizers.optimizer_from_config",
}


def _line(name: str) -> str:
    paths = [f"keras.optimizers.{name}", f"optimizers.{name}"]
    if name in _LEGACY:
        paths.append(f"keras.optimizers.legacy.{name}")
    if name in _EXPERIMENTAL:
        paths.append(f"keras.optimizers.experimental.{name}")
    if name in _EXTRA:
        paths.append(_EXTRA[name])
    return " ".join(paths)


def _schedule(name: str) -> str:
    paths = ("keras.optimizers.schedules", "optimizers.schedules")
    return " ".join(f"{path}.{name}" for path in paths)


_SCHEDULES = "lamina.keras.optimizers.schedules."

NAMES: dict[str, tuple[str, ...]] = {
    f"lamina.keras.optimizers.{module}": tuple(map(_line, names))
    for module, names in _PLAIN.items()
} | {
    _SCHEDULES + "base": (_schedule("LearningRateSchedule"),),
    _SCHEDULES + "cosine": (
        _schedule("CosineDecay"),
        _schedule("CosineDecayRestarts"),
    ),
    _SCHEDULES + "decay": (
        _schedule("ExponentialDecay"),
        _schedule("InverseTimeDecay"),
        _schedule("PiecewiseConstantDecay"),
        _schedule("PolynomialDecay"),
    ),
    _SCHEDULES + "lookup": (_schedule("serialize"), _schedule("deserialize")),
}
