"""Public names of keras.random."""

NAMES: dict[str, tuple[str, ...]] = {
    "lamina.keras.random.draws": (
        "keras.random.beta",
        "keras.random.binomial",
        "keras.random.categorical",
        "keras.random.dropout",
        "keras.random.gamma",
        "keras.random.normal",
        "keras.random.randint",
        "keras.random.shuffle",
        "keras.random.truncated_normal",
        "keras.random.uniform",
    ),
    "lamina.keras.random.seed_generator": ("keras.random.SeedGenerator",),
}
