"""Cases of tf.image."""

from __future__ import annotations

import numpy as np

from tests.conformance.records import T, V, bad, call, record

PHOTO = T(2, 5, 4, 3, low=0.0, high=1.0)
BYTES = V(np.arange(60).reshape(5, 4, 3) * 4, dtype="uint8")
FLOAT = ("float32",)

record(
    "image.resize",
    [
        call(PHOTO, [3, 7]),
        call(PHOTO, [10, 2], antialias=True),
        call(PHOTO, [3, 7], method="nearest"),
        call(PHOTO, [7, 3], method="bicubic"),
        call(PHOTO, [3, 2], method="bicubic", antialias=True),
        call(PHOTO, [8, 8], preserve_aspect_ratio=True),
        call(PHOTO, [7, 3], method="lanczos3"),
        call(np.arange(60, dtype="uint8").reshape(5, 4, 3), [3, 3]),
        call(np.arange(60, dtype="uint8").reshape(5, 4, 3), [3, 3], "nearest"),
        call(np.linspace(0, 1, 60, dtype="float32").reshape(5, 4, 3), [2, 3], "area"),
    ],
    dtypes=FLOAT,
    bad=[
        bad(T(2, 3), [2, 2], raises="ValueError"),
        bad(PHOTO, [2], raises="ValueError"),
        bad(PHOTO, [2, 2], "cubic", raises="ValueError"),
    ],
    tolerance=1e-4,
)
record(
    "image.flip_left_right", [call(PHOTO), call(BYTES)], dtypes=FLOAT, bad=[bad(T(2))]
)
record("image.flip_up_down", [call(PHOTO), call(BYTES)], dtypes=FLOAT)
record(
    "image.convert_image_dtype",
    [
        call(BYTES, "float32"),
        call(T(2, 3, low=0.0, high=0.99), "uint8"),
        call(V([-0.5, 0.5, 2.0]), "uint8", saturate=True),
        call(BYTES, "int16"),
        call(PHOTO, "float16"),
    ],
    dtypes=FLOAT,
    gradient=0,
)
record(
    "image.rgb_to_grayscale",
    [call(PHOTO), call(BYTES)],
    dtypes=FLOAT,
    bad=[bad(T(2, 2, 4))],
)
record("image.grayscale_to_rgb", [call(T(2, 3, 1))], dtypes=FLOAT)
record(
    "image.crop_to_bounding_box",
    [call(PHOTO, 1, 0, 3, 2)],
    dtypes=FLOAT,
    bad=[bad(PHOTO, 3, 0, 3, 2, raises="ValueError")],
)
record(
    "image.pad_to_bounding_box",
    [call(PHOTO, 1, 2, 7, 8)],
    dtypes=FLOAT,
    bad=[bad(PHOTO, 1, 2, 5, 8, raises="ValueError")],
)
record("image.resize_with_crop_or_pad", [call(PHOTO, 3, 7)], dtypes=FLOAT)
record("image.central_crop", [call(PHOTO, 0.5)], dtypes=FLOAT)
record("image.per_image_standardization", [call(PHOTO)], dtypes=FLOAT, tolerance=1e-4)
record("image.adjust_brightness", [call(PHOTO, 0.1)], dtypes=FLOAT)
record(
    "image.adjust_contrast",
    [call(np.linspace(0, 1, 60, dtype="float32").reshape(5, 4, 3), 2.0)],
    dtypes=FLOAT,
    tolerance=1e-4,
)
COLORS = np.linspace(0, 1, 30, dtype="float32").reshape(10, 3)[:, ::-1] ** 2
record("image.rgb_to_hsv", [call(COLORS)], dtypes=FLOAT, gradient=0, tolerance=1e-4)
record("image.hsv_to_rgb", [call(COLORS)], dtypes=FLOAT, gradient=0, tolerance=1e-4)
record(
    "image.extract_patches",
    [
        call(PHOTO, [1, 2, 3, 1], [1, 1, 2, 1], [1, 1, 1, 1], "SAME"),
        call(PHOTO, [1, 2, 2, 1], [1, 1, 1, 1], [1, 2, 1, 1], "VALID"),
    ],
    dtypes=FLOAT,
)
