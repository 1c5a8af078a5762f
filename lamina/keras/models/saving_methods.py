"""`save`, `save_weights`, `load_weights` and `export` of models."""

from __future__ import annotations

import importlib
from typing import Any


def _saving() -> Any:
    """The functions that write and read the files of models."""
    return importlib.import_module("lamina.keras.saving")


class SavingMethods:
    """The methods of a model that write and read files."""

    def save(
        self,
        filepath: Any,
        overwrite: bool = True,
        zipped: bool | None = None,
        **kwargs: Any,
    ) -> None:
        """Write the model: architecture, weights and the optimizer's state.

        Args:
            filepath: the file, ending in `.keras` or `.h5`.
            overwrite: whether an existing file may be replaced.
            zipped: whether a `.keras` archive is zipped.
            **kwargs: for `keras.saving.save_model`.

        Reference: `keras.Model.save`.
        """
        if zipped is not None:
            kwargs["zipped"] = zipped
        _saving().save_model(self, filepath, overwrite=overwrite, **kwargs)

    def save_weights(
        self, filepath: Any, overwrite: bool = True, **kwargs: Any
    ) -> None:
        """Write the weights.

        Args:
            filepath: the file, ending in `.weights.h5`.
            overwrite: whether an existing file may be replaced.
            **kwargs: for `keras.saving.save_weights`.

        Reference: `keras.Model.save_weights`.
        """
        _saving().save_weights(self, filepath, overwrite=overwrite, **kwargs)

    def load_weights(
        self, filepath: Any, skip_mismatch: bool = False, **kwargs: Any
    ) -> None:
        """Read weights that `save_weights` wrote.

        Args:
            filepath: the file.
            skip_mismatch: whether layers whose weights do not fit are left alone.
            **kwargs: for `keras.saving.load_weights`.

        Reference: `keras.Model.load_weights`.
        """
        _saving().load_weights(self, filepath, skip_mismatch=skip_mismatch, **kwargs)
