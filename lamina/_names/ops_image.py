"""Public names of tf.image."""

NAMES: dict[str, tuple[str, ...]] = {
    "lamina.ops.image.colors": (
        "image.rgb_to_hsv",
        "image.hsv_to_rgb",
        "image.extract_patches",
    ),
    "lamina.ops.image.resizing": (
        "image.ResizeMethod",
        "image.resize",
    ),
    "lamina.ops.image.adjust": (
        "image.flip_left_right",
        "image.flip_up_down",
        "image.random_flip_left_right",
        "image.random_flip_up_down",
        "image.convert_image_dtype",
        "image.rgb_to_grayscale",
        "image.grayscale_to_rgb",
        "image.crop_to_bounding_box",
        "image.pad_to_bounding_box",
        "image.resize_with_crop_or_pad",
        "image.central_crop",
        "image.random_crop",
        "image.per_image_standardization",
        "image.adjust_brightness",
        "image.adjust_contrast",
    ),
}
