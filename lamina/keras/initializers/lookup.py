"""Finding initializers by name, config, class, function or value."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from lamina.engine.errors import message
from lamina.engine.tensor import Tensor, convert_to_tensor, is_tensor
from lamina.keras.initializers.constant_initializers import (
    Constant,
    Identity,
    Ones,
    Zeros,
)
from lamina.keras.initializers.initializer import resolve_dtype
from lamina.keras.initializers.random_initializers import (
    RandomNormal,
    RandomUniform,
    TruncatedNormal,
    VarianceScaling,
)
from lamina.keras.initializers.scaled_initializers import (
    GlorotNormal,
    GlorotUniform,
    HeNormal,
    HeUniform,
    LecunNormal,
    LecunUniform,
    Orthogonal,
)
from lamina.keras.saving.family import Family
from lamina.keras.saving.serialization import serialize_keras_object

_FAMILY = Family(
    "keras.initializers",
    "initializer",
    {
        "Constant": Constant,
        "GlorotNormal": GlorotNormal,
        "GlorotUniform": GlorotUniform,
        "HeNormal": HeNormal,
        "HeUniform": HeUniform,
        "Identity": Identity,
        "IdentityInitializer": Identity,
        "LecunNormal": LecunNormal,
        "LecunUniform": LecunUniform,
        "Ones": Ones,
        "Orthogonal": Orthogonal,
        "OrthogonalInitializer": Orthogonal,
        "RandomNormal": RandomNormal,
        "RandomUniform": RandomUniform,
        "TruncatedNormal": TruncatedNormal,
        "VarianceScaling": VarianceScaling,
        "Zeros": Zeros,
        "constant": Constant,
        "glorot_normal": GlorotNormal,
        "glorot_uniform": GlorotUniform,
        "he_normal": HeNormal,
        "he_uniform": HeUniform,
        "identity": Identity,
        "lecun_normal": LecunNormal,
        "lecun_uniform": LecunUniform,
        "normal": RandomNormal,
        "one": Ones,
        "ones": Ones,
        "orthogonal": Orthogonal,
        "random_normal": RandomNormal,
        "random_uniform": RandomUniform,
        "truncated_normal": TruncatedNormal,
        "uniform": RandomUniform,
        "variance_scaling": VarianceScaling,
        "zero": Zeros,
        "zeros": Zeros,
    },
)


def serialize(initializer: Any) -> Any:
    """Returns the JSON-able description of an initializer.

    Reference: `keras.initializers.serialize`.
    """
    return serialize_keras_object(initializer)


def deserialize(config: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """Makes an initializer from what `serialize` returned, or from a name.

    Args:
        config: The description.
        custom_objects: Classes or functions by name, searched first.

    Reference: `keras.initializers.deserialize`.
    """
    return _FAMILY.deserialize(config, custom_objects)


def get(identifier: Any) -> Any:
    """Returns the initializer that `identifier` means.

    Args:
        identifier: A name such as `"glorot_uniform"` or `"HeNormal"`, a config dict,
            a class, an instance, a function of `(shape, dtype=None)`, a Tensor or
            array that holds the value itself, or None (which gives None).

    Raises:
        ValueError: `identifier` means no initializer.

    Reference: `keras.initializers.get`.
    """
    if is_tensor(identifier) or isinstance(identifier, np.generic | np.ndarray):
        return _from_value(identifier)
    return _FAMILY.get(identifier)


def _from_value(value: Any) -> Callable[..., Tensor]:
    def initialize(shape: Sequence[int], dtype: Any = None) -> Tensor:
        """Returns the fixed value in `dtype`."""
        if tuple(shape) != tuple(value.shape):
            raise ValueError(
                message(
                    "keras.initializers.get",
                    expected="the shape of the value",
                    received=f"Expected `shape` to be {tuple(value.shape)} for direct "
                    f"tensor as initializer: shape={tuple(shape)}",
                    hint="pass a value of the weight's shape",
                )
            )
        array: Any = np.asarray(value).astype(resolve_dtype(dtype).as_numpy_dtype)
        return convert_to_tensor(array)

    return initialize
