"""Public names of the trainer's data."""

NAMES: dict[str, tuple[str, ...]] = {
    "lamina.keras.trainers.packing": (
        "keras.utils.pack_x_y_sample_weight",
        "keras.utils.unpack_x_y_sample_weight",
    ),
    "lamina.keras.trainers.py_dataset": ("keras.utils.PyDataset keras.utils.Sequence",),
    "lamina.keras.distribution": (
        "keras.distribution.DataParallel",
        "keras.distribution.DeviceMesh",
        "keras.distribution.TensorLayout",
        "keras.distribution.distribution",
        "keras.distribution.list_devices",
        "keras.distribution.set_distribution",
    ),
    "lamina.keras.datasets.digits": ("keras.datasets.digits.load_data",),
}
