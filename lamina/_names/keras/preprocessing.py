"""Public names of images and sequences in keras.utils and keras.preprocessing."""

NAMES: dict[str, tuple[str, ...]] = {
    "lamina.keras.utils.images": (
        "keras.utils.array_to_img keras.preprocessing.image.array_to_img",
        "keras.utils.img_to_array keras.preprocessing.image.img_to_array",
        "keras.utils.load_img keras.preprocessing.image.load_img",
        "keras.utils.save_img keras.preprocessing.image.save_img",
    ),
    "lamina.keras.utils.sequences": (
        "keras.utils.pad_sequences keras.preprocessing.sequence.pad_sequences",
    ),
}
