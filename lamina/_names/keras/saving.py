"""Public names of the files of models."""

NAMES: dict[str, tuple[str, ...]] = {
    "lamina.keras.saving.saving_api": (
        "keras.saving.load_model keras.models.load_model",
        "keras.saving.load_weights",
        "keras.saving.save_model keras.models.save_model",
        "keras.saving.save_weights",
    ),
}
