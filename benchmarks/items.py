"""What is measured: the models, the rows of the table, and what each row should reach.

The start-up rows count the import of this module: it imports nothing heavy.
"""

from dataclasses import dataclass, replace

LAMINA, TENSORFLOW, KERAS_JAX = "lamina", "tensorflow", "keras-jax"
TORCH, COMPILED, JAX = "torch", "torch-compile", "jax"
TITLES = {
    LAMINA: "Lamina",
    TENSORFLOW: "TensorFlow-Keras",
    KERAS_JAX: "Keras on JAX",
    TORCH: "PyTorch",
    COMPILED: "torch.compile",
    JAX: "JAX by hand",
}
ALL = (LAMINA, TENSORFLOW, KERAS_JAX, TORCH, COMPILED)
PLAIN = (LAMINA, TENSORFLOW, KERAS_JAX, TORCH)
GPU = (LAMINA, KERAS_JAX, TORCH, COMPILED, JAX)
BFLOAT16 = "bfloat16"


@dataclass(frozen=True)
class Model:
    """A model that every implementation has.

    Attributes:
        title: what the table calls it.
        shape: of one input, without the batch; images have their channels last.
        fit: the target of a float32 training step, as a ratio to the best peer.
        bfloat16: the same for mixed precision on processors with matrix units (AMX); 0
            measures it without a target, None leaves it out.
        vocabulary: the inputs are numbers of tokens below it; 0 for real numbers.
        classes: the number of outputs.
        batch: rows in a step.
        gflop: what a training step computes, in units of 1e9.
    """

    title: str
    shape: tuple[int, ...]
    fit: float | None = None
    bfloat16: float | None = None
    vocabulary: int = 0
    classes: int = 10
    batch: int = 32
    gflop: float = 0.0


MODELS = {
    "mlp": Model("MLP 784-128-10", (784,), 0.5),
    "cnn28": Model("CNN 28x28x1, one convolution", (28, 28, 1), 0.5, 0.35),
    "cnn32": Model("CNN 32x32x3, three convolutions", (32, 32, 3), 0.5, 0.35),
    "cnn6": Model(
        "CNN 32x32x3, six convolutions with BatchNorm",
        (32, 32, 3),
        fit=0.65,
        bfloat16=0.35,
        # 38.6e6 multiplications in the convolutions, twice again for the gradients.
        gflop=7.4,
    ),
    "resnet": Model("ResNet-20 on 48x48x3", (48, 48, 3), 0.65, 0.35),
    "depthwise": Model("Depthwise CNN on 32x32x3", (32, 32, 3), 0.65, 0.35),
    "lstm": Model("LSTM, 64 steps of 32, 64 units", (64, 32), 0.65),
    "bigru": Model("Bidirectional GRU, 32 steps of 32, 64 units", (32, 32), 0.65),
    "transformer": Model(
        "Transformer, two blocks, 64 tokens of 128", (64,), 0.85, 0.0, vocabulary=5000
    ),
}
PREDICTED = ("mlp", "cnn28", "cnn6", "lstm", "transformer")
GPU_MODELS = {
    "resnet50": Model(
        "ResNet-50 on 224x224x3, 128 images", (224, 224, 3), classes=1000, batch=128
    ),
    "transformer12": Model(
        "Transformer, twelve blocks, 512 tokens of 768", (512,), vocabulary=32000
    ),
}


@dataclass(frozen=True)
class Target:
    """What a row should reach.

    Attributes:
        ratio: Lamina's time (or memory) over that of the best of `against`.
        against: implementations; empty for all.
        also: another row whose values of `against` count as well.
    """

    ratio: float
    against: tuple[str, ...] = ()
    also: str = ""


@dataclass(frozen=True)
class Item:
    """One row of the table.

    Attributes:
        name: what `--only` calls it.
        title: what the table calls it.
        section: the table that it stands in.
        what: the measurement.
        model: the model that it is about, if it is about one.
        dtype: float32, or bfloat16 for mixed precision.
        unit: the unit of the number.
        scale: how many of the unit are in a second (or, for memory, in a byte).
        implementations: those that have it.
        targets: what it should reach.
    """

    name: str
    title: str
    section: str
    what: str
    model: str = ""
    dtype: str = "float32"
    unit: str = "ms"
    scale: float = 1e3
    implementations: tuple[str, ...] = ALL
    targets: tuple[Target, ...] = ()

    @property
    def in_steps(self) -> bool:
        """Whether it is a number of steps that all implementations share."""
        return self.what in ("fit", "predict", "evaluate")

    @property
    def fresh(self) -> bool:
        """Whether each round needs a new process."""
        return self.what in ("import", "cold", "warm", "peak", "growth")


def cpu_items(bfloat16: bool, matrix_units: bool = False) -> list[Item]:
    """Every row for a CPU, in order.

    Args:
        bfloat16: with the rows for mixed precision.
        matrix_units: with their targets, which are those of processors with AMX.
    """
    items = _models(bfloat16, matrix_units) + _calls()
    if bfloat16:
        items += [_matmul(n, BFLOAT16) for n in (1024, 2048)]
    return items + _starting() + _memory()


def gpu_items() -> list[Item]:
    """Every row for a GPU, in order."""
    section = "Training in mixed bfloat16, fit step"
    row = Item("", "", section, "fit", dtype=BFLOAT16, implementations=GPU)
    row = replace(row, targets=(Target(1.1),))
    return [
        replace(row, name=f"{name}.fit", title=model.title, model=name)
        for name, model in GPU_MODELS.items()
    ]


def _models(bfloat16: bool, matrix_units: bool) -> list[Item]:
    """The rows about models; those of a model follow each other, to build it once."""
    items = []
    for name, model in MODELS.items():
        fit = Item(f"{name}.fit", model.title, "Training, fit step", "fit", name)
        items.append(replace(fit, targets=(Target(model.fit),) if model.fit else ()))
        if name in PREDICTED:
            goal = (Target(0.6),) if name in ("mlp", "cnn28") else ()
            items.append(_single("predict", f"{model.title}: predict step", name, goal))
        if name == "mlp":
            items += _single_calls(name)
        if bfloat16 and model.bfloat16 is not None:
            half = replace(fit, name=f"{fit.name}.bfloat16", dtype=BFLOAT16)
            half = replace(half, section="Training in mixed bfloat16, fit step")
            target = Target(model.bfloat16, also=fit.name)
            wanted = matrix_units and target.ratio
            items.append(replace(half, targets=(target,) if wanted else ()))
    return items


def _single_calls(model: str) -> list[Item]:
    row = (Target(0.05, (TENSORFLOW,)), Target(0.5, (KERAS_JAX,)))
    return [
        _single(what, f"{MODELS[model].title}: {title}", model, targets)
        for what, title, targets in (
            ("evaluate", "evaluate step", ()),
            ("row", "predict one row", row),
            ("train_on_batch", "train_on_batch", ()),
            ("fixed", "fixed cost of a fit call", ()),
        )
    ]


def _single(what: str, title: str, model: str, targets: tuple[Target, ...]) -> Item:
    section = "Prediction, evaluation and single calls"
    return Item(f"{model}.{what}", title, section, what, model, targets=targets)


def _calls() -> list[Item]:
    row = Item("", "", "Eager", "", unit="µs", scale=1e6, implementations=PLAIN)
    half, less = (Target(0.5, (TENSORFLOW,)),), (Target(1.0, (TENSORFLOW,)),)
    items = [
        replace(row, name=f"eager.{what}", what=what, title=title, targets=targets)
        for what, title, targets in (
            ("add", "add of two 2x2 tensors", half),
            ("tape", "3-layer MLP, 32 rows, forward and backward", half),
            ("assign", "Variable.assign_add", less),
            ("convert", "2x2 array to a tensor", less),
            ("function", "call of a compiled function", ()),
        )
    ]
    items[-1] = replace(items[-1], implementations=ALL)
    row = replace(row, implementations=(LAMINA, TENSORFLOW))
    items += [
        replace(row, name=f"data.{what}", what=f"data_{what}", title=title)
        for what, title in (
            ("element", "tf.data: map, per element"),
            ("batch", "tf.data: shuffle, batch, prefetch, per batch"),
        )
    ]
    return items + [_matmul(n, "float32") for n in (1024, 2048, 4096)]


def _matmul(size: int, dtype: str) -> Item:
    suffix = "" if dtype == "float32" else f".{dtype}"
    title = f"matmul of {size}x{size} {dtype}"
    row = Item(f"matmul.{size}{suffix}", title, "Eager", f"matmul_{size}", dtype=dtype)
    return replace(row, implementations=PLAIN)


def _starting() -> list[Item]:
    row = Item("import", "import", "Starting", "import", unit="s", scale=1.0)
    row = replace(row, implementations=PLAIN)
    items = [row]
    for what, ratio in (("cold", 1.0), ("warm", 0.5)):
        timed = replace(row, what=what, targets=(Target(ratio, (TENSORFLOW,)),))
        for name in ("mlp", "cnn6"):
            title = f"{MODELS[name].title}: process start to first fit step, {what}"
            first = replace(timed, name=f"first.{name}.{what}", model=name)
            items.append(replace(first, title=f"{title} cache"))
    return items


def _memory() -> list[Item]:
    row = Item("", "", "Memory", "", unit="MB", scale=1e-6, implementations=PLAIN)
    title = f"{MODELS['cnn6'].title}: peak memory of a process that fits it"
    peak = replace(row, name="memory.peak", what="peak", title=title, model="cnn6")
    peak = replace(peak, targets=(Target(0.7, (TENSORFLOW,)),))
    title = "growth while an MLP is rebuilt and fitted {rebuilds} times"
    growth = replace(row, name="memory.growth", what="growth", title=title, model="mlp")
    return [peak, growth]
