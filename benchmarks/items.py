"""What is measured: names, units, and which implementations have it."""

from dataclasses import dataclass

LAMINA, TENSORFLOW, KERAS_JAX, TORCH = "lamina", "tensorflow", "keras-jax", "torch"
IMPLEMENTATIONS = (LAMINA, TENSORFLOW, KERAS_JAX, TORCH)
TITLES = {
    LAMINA: "Lamina",
    TENSORFLOW: "TensorFlow-Keras",
    KERAS_JAX: "Keras on JAX",
    TORCH: "PyTorch",
}
MODELS = {
    "mlp": "MLP 784-128-10",
    "cnn28": "CNN 28x28x1, one convolution",
    "cnn32": "CNN 32x32x3, three convolutions",
    "cnn6": "CNN 32x32x3, six convolutions with BatchNorm",
    "lstm": "LSTM, 32 steps of 16, 64 units",
    "transformer": "Transformer, two blocks, 32 tokens of 64",
}


@dataclass(frozen=True)
class Item:
    """One line of the table.

    Attributes:
        name: what `--only` calls it.
        title: what the table calls it.
        unit: the unit of the number.
        scale: how many of the unit are in a second (or, for memory, in a byte).
        fresh: whether each round needs a new process.
        implementations: those that have it.
    """

    name: str
    title: str
    unit: str
    scale: float
    fresh: bool = False
    implementations: tuple[str, ...] = IMPLEMENTATIONS


def all_items() -> list[Item]:
    """Every line of the table, in order."""
    both = (LAMINA, TENSORFLOW)
    graphs = (LAMINA, TENSORFLOW, KERAS_JAX)
    items = [
        Item("import", "import", "s", 1.0, fresh=True),
        Item("first", "process start to first training step", "s", 1.0, fresh=True),
    ]
    for name, title in MODELS.items():
        items.append(Item(f"{name}.fit", f"{title}: training step", "ms", 1e3))
        items.append(Item(f"{name}.predict", f"{title}: prediction step", "ms", 1e3))
    items += [
        Item("mlp.row", "MLP: predict one row", "ms", 1e3),
        Item("eager.add", "eager add", "µs", 1e6),
        Item("eager.tape", "eager gradient of matmul, multiply, sum", "µs", 1e6),
        Item("eager.assign", "variable assign_add", "µs", 1e6),
        Item("function.call", "call of a compiled function", "µs", 1e6, False, graphs),
        Item("data.element", "tf.data: map, per element", "µs", 1e6, False, both),
        Item(
            "data.batch", "tf.data: shuffle, batch, per batch", "µs", 1e6, False, both
        ),
        Item(
            "memory",
            "memory growth, {rebuilds} rebuild-and-fit rounds",
            "MB",
            1e-6,
            True,
        ),
    ]
    return items
