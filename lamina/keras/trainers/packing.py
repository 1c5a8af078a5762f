"""How ``x``, ``y`` and ``sample_weight`` travel together through a step."""

from __future__ import annotations

from typing import Any

import numpy as np

from lamina.engine import nest
from lamina.engine.errors import message
from lamina.engine.tensor import is_tensor


def pack_x_y_sample_weight(x: Any, y: Any = None, sample_weight: Any = None) -> Any:
    """Packs user-provided data into what ``train_step`` receives.

    Args:
        x: the inputs.
        y: the targets, or None.
        sample_weight: a weight per sample, or None.

    Returns:
        ``x``, ``(x,)``, ``(x, y)`` or ``(x, y, sample_weight)``.

    Reference: ``keras.utils.pack_x_y_sample_weight``.
    """
    if y is None:
        return (x,) if isinstance(x, tuple | list) else x
    return (x, y) if sample_weight is None else (x, y, sample_weight)


def unpack_x_y_sample_weight(data: Any) -> tuple[Any, Any, Any]:
    """Unpacks what ``train_step`` receives into ``(x, y, sample_weight)``.

    Args:
        data: a tensor, or a tuple of one to three elements.

    Returns:
        The three, None for those that are missing.

    Raises:
        ValueError: for a tuple of another length.

    Reference: ``keras.utils.unpack_x_y_sample_weight``.
    """
    if isinstance(data, list):
        data = tuple(data)
    if not isinstance(data, tuple):
        return data, None, None
    if len(data) not in (1, 2, 3):
        raise ValueError(
            message(
                "keras.utils.unpack_x_y_sample_weight",
                expected="data of the form `x`, `(x,)`, `(x, y)` or `(x, y, "
                "sample_weight)`",
                received=f"a tuple of {len(data)} elements",
                hint="Data is expected to be in one of these formats; check what the "
                "data set yields.",
            )
        )
    x, y, weight = (*data, None, None)[:3]
    return x, y, weight


def class_weights_to_sample_weights(y: Any, class_weight: dict[int, float]) -> Any:
    """A weight per sample, looked up by its class.

    Args:
        y: class numbers of shape ``(B,)`` or ``(B, 1)``, or one-hot rows.
        class_weight: class number to weight; classes that are missing weigh 1.

    Returns:
        float32 weights of shape ``(B,)``.
    """
    labels = np.asarray(y)
    if labels.ndim > 1:
        labels = labels.argmax(-1) if labels.shape[-1] != 1 else labels[..., 0]
    labels = np.round(labels).astype("int64")
    weights = np.ones(labels.shape, "float32")
    for number, weight in class_weight.items():
        weights[labels == int(number)] = weight
    return weights


def train_validation_split(arrays: Any, validation_split: float) -> tuple[Any, Any]:
    """Splits the last fraction of the samples off.

    Args:
        arrays: a nest of arrays (or None) with equally many rows.
        validation_split: the fraction, between 0 and 1.

    Returns:
        ``(training arrays, validation arrays)``, in the same structure.

    Raises:
        ValueError: for data that cannot be split, or if a part would be empty.
    """
    flat = [leaf for leaf in nest.flatten(arrays) if leaf is not None]
    for leaf in flat:
        if not (hasattr(leaf, "shape") or hasattr(leaf, "__len__")):
            raise ValueError(
                "Argument `validation_split` is only supported for tensors or NumPy "
                f"arrays. Found incompatible type in the input: {type(leaf)}. Pass "
                "validation_data instead."
            )
    rows = len(flat[0])
    at = int(rows * (1.0 - validation_split))
    if at == 0 or at == rows:
        raise ValueError(
            f"Training data contains {rows} samples, which is not sufficient to split "
            "it into a validation and training set as specified by "
            f"`validation_split={validation_split}`. Either provide more data, or a "
            "different value for the `validation_split` argument."
        )

    def part(low: int, high: int) -> Any:
        def cut(leaf: Any) -> Any:
            if leaf is None:
                return None
            if hasattr(leaf, "iloc"):
                return leaf.iloc[low:high]
            return np.asarray(leaf)[low:high] if is_tensor(leaf) else leaf[low:high]

        return nest.map_structure(cut, arrays)

    return part(0, at), part(at, rows)
