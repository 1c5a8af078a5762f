"""``keras.saving``: `save_model`, `load_model`, `save_weights`, `load_weights`."""

from __future__ import annotations

import os
import warnings
from typing import Any

import h5py

from lamina.engine.errors import message
from lamina.keras.saving.archive import (
    UnreadableFile,
    existing_file,
    open_hdf5,
    replacing,
)
from lamina.keras.saving.keras_file import load_keras, save_keras
from lamina.keras.saving.legacy_h5 import (
    load_legacy_model,
    load_legacy_weights,
    save_legacy_model,
    save_legacy_weights,
)
from lamina.keras.saving.state import load_state, save_state


def save_model(
    model: Any,
    filepath: Any,
    overwrite: bool = True,
    zipped: bool | None = None,
    **kwargs: Any,
) -> None:
    """Writes a model: architecture, weights, compilation and optimizer state.

    Args:
        model: the model.
        filepath: a name that ends in ``.keras``, or in ``.h5`` for Keras 2's format.
        overwrite: whether an existing file may be replaced.
        zipped: accepted for ``.keras``; archives are always zip files.
        **kwargs: ``include_optimizer`` for ``.h5``; ``save_format`` of Keras 2.

    Raises:
        ValueError: for another extension.
        FileExistsError: if the file exists and ``overwrite`` is False.

    Reference: ``keras.saving.save_model``.
    """
    path = str(os.fspath(filepath))
    form = kwargs.pop("save_format", None)
    include_optimizer = kwargs.pop("include_optimizer", True)
    if kwargs:
        raise ValueError(
            "The following argument(s) are not supported with save_model: "
            f"{list(kwargs)}."
        )
    if path.endswith((".h5", ".hdf5")) or form == "h5":
        save_legacy_model(model, path, overwrite, include_optimizer)
    elif path.endswith(".keras") or form == "keras":
        if zipped is False:
            raise ValueError(
                message(
                    "keras.saving.save_model",
                    expected="zipped=True for a .keras file",
                    received="zipped=False",
                    hint="Lamina writes .keras archives as zip files only.",
                )
            )
        save_keras(model, path, overwrite)
    else:
        raise ValueError(
            "Invalid filepath extension for saving. Please add either a `.keras` "
            "extension for the native Keras format (recommended) or a `.h5` extension. "
            f"Received: filepath={filepath}."
        )


def load_model(
    filepath: Any,
    custom_objects: dict[str, Any] | None = None,
    compile: bool = True,
    safe_mode: bool = True,
) -> Any:
    """Reads a model that `save_model` (of Lamina or Keras) wrote.

    Nothing in the file is executed: classes are looked up among Lamina's own, the
    registered ones and ``custom_objects``.

    Args:
        filepath: the ``.keras`` or ``.h5`` file.
        custom_objects: name to class or function of the user's own.
        compile: whether to compile the model as it was.
        safe_mode: whether configs that hold code (lambdas) are refused.

    Returns:
        The model.

    Raises:
        ValueError: if the file is missing, damaged, unsafe or of another format.

    Reference: ``keras.saving.load_model``.
    """
    path = existing_file(filepath)
    with open(path, "rb") as file:
        head = file.read(4)
    if head == b"\x89HDF":
        return load_legacy_model(path, custom_objects, compile, safe_mode)
    if head[:2] == b"PK" or path.endswith(".keras"):
        return load_keras(path, custom_objects, compile, safe_mode)
    raise UnreadableFile.of(
        path,
        "a .keras archive or an HDF5 model file",
        f"a file that starts with {head!r}",
        "Check that the file was downloaded whole.",
    )


def save_weights(
    model: Any, filepath: Any, overwrite: bool = True, **kwargs: Any
) -> None:
    """Writes the weights of a model.

    Args:
        model: the model.
        filepath: a name that ends in ``.weights.h5``; plain ``.h5`` writes Keras 2's
            layout.
        overwrite: whether an existing file may be replaced.
        **kwargs: none are known.

    Reference: ``keras.saving.save_weights``.
    """
    path = str(os.fspath(filepath))
    if kwargs:
        raise ValueError(f"Invalid keyword arguments: {kwargs}.")
    if path.endswith(".weights.h5"):
        with replacing(path, overwrite) as temporary, h5py.File(temporary, "w") as file:
            save_state(model, file)
    elif path.endswith((".h5", ".hdf5")):
        save_legacy_weights(model, path, overwrite)
    else:
        raise ValueError(
            f"The filename must end in `.weights.h5`. Received: filepath={filepath}"
        )


def load_weights(
    model: Any,
    filepath: Any,
    skip_mismatch: bool = False,
    by_name: bool = False,
    **kwargs: Any,
) -> None:
    """Reads weights into a model; if anything fails the model is unchanged.

    Args:
        model: the model, built.
        filepath: a ``.weights.h5`` file, a ``.keras`` file, or weights in Keras 2's
            ``.h5`` layout.
        skip_mismatch: whether layers whose weights do not fit are left alone.
        by_name: for Keras 2's layout, whether layers are matched by name instead of
            by order.
        **kwargs: none are known.

    Raises:
        ValueError: if the file is damaged, or does not fit the model.

    Reference: ``keras.saving.load_weights``.
    """
    if kwargs:
        raise ValueError(f"Invalid keyword arguments: {kwargs}")
    path = existing_file(filepath)
    if path.endswith(".keras"):
        donor = load_keras(path, compile=False)
        model.set_weights(donor.get_weights())
        return
    with open_hdf5(path, path) as file:
        if "layer_names" in file.attrs or "model_weights" in file:
            load_legacy_weights(model, file, by_name, skip_mismatch)
            return
        if by_name:
            raise ValueError(
                f"Invalid keyword arguments: by_name={by_name}: {path!r} is in Keras "
                "3's layout, which is matched by structure."
            )
        unused = load_state(model, file, skip_mismatch)
    if unused and not skip_mismatch:
        warnings.warn(
            f"{path}: the file holds state that the model has no place for: "
            f"{', '.join(unused[:5])}. It was left out.",
            stacklevel=3,
        )
