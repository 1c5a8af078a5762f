"""Public names of keras.callbacks, and the progress bar."""

_CALLBACKS = {
    "base": ("Callback", "History", "LambdaCallback"),
    "callback_list": ("CallbackList",),
    "checkpoints": ("BackupAndRestore", "ModelCheckpoint", "SwapEMAWeights"),
    "loggers": ("CSVLogger", "LearningRateScheduler", "TerminateOnNaN"),
    "monitors": ("EarlyStopping", "MonitorCallback", "ReduceLROnPlateau"),
    "progbar_logger": ("ProgbarLogger",),
}

NAMES: dict[str, tuple[str, ...]] = {
    f"lamina.keras.callbacks.{module}": tuple(
        f"keras.callbacks.{name}" for name in names
    )
    for module, names in _CALLBACKS.items()
} | {
    "lamina.keras.utils.progbar": ("keras.utils.Progbar",),
}
