"""The ``.keras`` format: a zip of the config, the weights and the assets.

Members: ``config.json`` (architecture and compilation), ``metadata.json`` (versions),
``model.weights.h5`` (every variable, see ``state``). Reference: the format of
``keras.saving.save_model`` in Keras 3.
"""

from __future__ import annotations

import datetime
import io
import json
import warnings
import zipfile
from typing import Any

import h5py

from lamina.keras.saving.archive import (
    UnreadableFile,
    open_hdf5,
    open_zip,
    read_member,
    replacing,
)
from lamina.keras.saving.serialization import (
    deserialize_keras_object,
    serialize_keras_object,
)
from lamina.keras.saving.sharing import ObjectSharingScope
from lamina.keras.saving.state import load_state, save_state
from lamina.version import KERAS_VERSION

CONFIG, METADATA, WEIGHTS = "config.json", "metadata.json", "model.weights.h5"


def save_keras(model: Any, filepath: Any, overwrite: bool = True) -> None:
    """Writes a model to a ``.keras`` file."""
    if not getattr(model, "built", True):
        warnings.warn(
            "You are saving a model that has not yet been built. It might not contain "
            "any weights yet. Consider building the model first by calling it on some "
            "data.",
            stacklevel=4,
        )
    with ObjectSharingScope():
        config = json.dumps(serialize_keras_object(model))
    now = datetime.datetime.now().strftime("%Y-%m-%d@%H:%M:%S")
    metadata = json.dumps({"keras_version": KERAS_VERSION, "date_saved": now})
    with replacing(filepath, overwrite) as temporary:
        with zipfile.ZipFile(temporary, "w") as archive:
            archive.writestr(METADATA, metadata)
            archive.writestr(CONFIG, config)
            archive.writestr(WEIGHTS, _weights(model))


def _weights(model: Any) -> bytes:
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        save_state(model, file)
    return buffer.getvalue()


def load_keras(
    filepath: Any,
    custom_objects: dict[str, Any] | None = None,
    compile: bool = True,
    safe_mode: bool = True,
) -> Any:
    """Reads a model from a ``.keras`` file.

    Args:
        filepath: the file.
        custom_objects: name to class or function of the user's own.
        compile: whether to compile it as it was.
        safe_mode: whether configs that hold code are refused.

    Returns:
        The model.

    Raises:
        ValueError: if the file is damaged, unsafe or of another format, or names
            classes that are not known.
    """
    with open_zip(filepath) as archive:
        text = read_member(archive, CONFIG, filepath)
        try:
            config = json.loads(text)
        except ValueError as error:
            raise UnreadableFile.of(filepath, f"JSON in {CONFIG}", str(error)) from None
        if not isinstance(config, dict) or "class_name" not in config:
            raise UnreadableFile.of(
                filepath, f"{CONFIG} to describe a model", f"{str(config)[:80]}"
            )
        if not compile:
            config["compile_config"] = None
        with ObjectSharingScope():
            model = deserialize_keras_object(
                config, custom_objects=custom_objects, safe_mode=safe_mode
            )
        if WEIGHTS in archive.namelist():
            _load_weights(model, archive, filepath)
    return model


def _load_weights(model: Any, archive: zipfile.ZipFile, filepath: Any) -> None:
    try:
        raw = io.BytesIO(archive.read(WEIGHTS))
    except (zipfile.BadZipFile, EOFError, OSError, ValueError) as error:
        raise UnreadableFile.of(
            filepath, f"a readable {WEIGHTS}", str(error), "The file is damaged."
        ) from None
    with open_hdf5(raw, f"{filepath}:{WEIGHTS}") as file:
        unused = load_state(model, file)
    if unused:
        warnings.warn(
            f"{filepath}: the file holds state that the model has no place for: "
            f"{', '.join(unused[:5])}. It was left out.",
            stacklevel=5,
        )
