"""The array functions and the errors of ``tf.TensorArray``."""

from __future__ import annotations

import jax.numpy as jnp
from jax import lax

from lamina.engine.dtypes import DType
from lamina.engine.errors import InvalidArgumentError, OutOfRangeError
from lamina.engine.kernel import Kernel, execute
from lamina.engine.shapes import TensorShape
from lamina.engine.tensor import Tensor

READ = Kernel(
    "tf.TensorArray.read",
    lambda buffer, at: lax.dynamic_index_in_dim(buffer, at, 0, keepdims=False),
)
WRITE = Kernel(
    "tf.TensorArray.write",
    lambda buffer, at, x: jnp.asarray(buffer).at[at].set(x, mode="drop"),
)
GATHER = Kernel("tf.TensorArray.gather", lambda b, at: jnp.take(b, at, axis=0))
SCATTER = Kernel("tf.TensorArray.scatter", WRITE.call)
STACK = Kernel("tf.TensorArray.stack", lambda *xs: jnp.stack(xs))
CONCAT = Kernel("tf.TensorArray.concat", lambda *xs: jnp.concatenate(xs))
FLAT = Kernel("tf.TensorArray.concat", lambda b: jnp.reshape(b, (-1, *b.shape[2:])))
TOP = Kernel("tf.TensorArray.size", lambda top, at: jnp.maximum(top, at + 1))
TO_INT32 = Kernel("tf.cast", lambda x: x.astype(jnp.int32))
FULL = Kernel("tf.TensorArray.stack", lambda top, n: top == n)


def piece(tensor: Tensor, start: int, count: int) -> Tensor:
    """`count` rows from `start`, without compiling a program for each place."""
    kernel = Kernel("tf.slice", lambda x: x[start : start + count], compiled=False)
    piece: Tensor = execute(kernel, [tensor])
    return piece


def outside(method: str, index: int, size: int) -> OutOfRangeError:
    """The error for an index that the array does not have."""
    if method == "write":
        text = (
            f"Tried to write to index {index} but array is not resizeable and size is"
        )
    else:
        text = f"Tried to read from index {index} but array size is"
    return OutOfRangeError.of(
        f"tf.TensorArray.{method}",
        expected=f"an index below the size {size}",
        received=f"{index} ({text}: {size})",
        hint="Make it larger, set dynamic_size=True, or check the loop's bounds.",
    )


def read_twice(index: int) -> InvalidArgumentError:
    """The error for an element that was read before."""
    return InvalidArgumentError.of(
        "tf.TensorArray.read",
        expected="an element that was not read before",
        received=f"index {index} (Could not read index {index} twice because it was "
        "cleared after a previous read)",
        hint="Set clear_after_read=False.",
    )


def not_written(index: int) -> InvalidArgumentError:
    """The error for an element of unknown shape that was never written."""
    return InvalidArgumentError.of(
        "tf.TensorArray.read",
        expected="an element that was written before",
        received=f"index {index} (Could not read from TensorArray index {index}.)",
        hint="Write it first, or give element_shape to read zeros.",
    )


def wrong_dtype(wanted: DType, found: DType) -> InvalidArgumentError:
    """The error for a value of another dtype than the array's."""
    return InvalidArgumentError.of(
        "tf.TensorArray.write",
        expected=f"a {wanted.name} value, the dtype of the array",
        received=f"{found.name} (TensorArray dtype is {wanted.name} but Op is trying "
        f"to write dtype {found.name})",
        hint="Use tf.cast, or make the array with that dtype.",
    )


def wrong_shape(known: TensorShape, shape: TensorShape) -> InvalidArgumentError:
    """The error for a value that does not fit the elements before it."""
    return InvalidArgumentError.of(
        "tf.TensorArray.write",
        expected=f"a value of shape {known}, as the elements before",
        received=f"shape {shape} (Incompatible shape for value ({shape}), expected "
        f"({known}))",
        hint="Reshape or pad the value, or set infer_shape=False.",
    )
