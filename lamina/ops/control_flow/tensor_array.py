"""``tf.TensorArray``: a list of tensors that loops can write.

Eagerly it is a Python list, changed in place. Inside a traced function every write
gives a new array, as in TensorFlow: outside of staged loops it is still a Python list;
in them it is one buffer of shape ``(size, *element)`` that the loop carries.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from lamina.autograph.staging import conditional, predicates
from lamina.autograph.staging.effects import check
from lamina.autograph.staging.values import first_size, slices
from lamina.engine.context import state
from lamina.engine.dtypes import DType, as_dtype, float32
from lamina.engine.errors import InvalidArgumentError, OutOfRangeError
from lamina.engine.kernel import HostOpInTrace, execute
from lamina.engine.shapes import TensorShape
from lamina.engine.tensor import Tensor, convert_to_tensor
from lamina.engine.trace import is_tracing
from lamina.engine.type_spec import TypeSpec
from lamina.ops.control_flow import tensor_array_parts as parts


class TensorArray:
    """A list of tensors of one dtype, for writing in loops.

    Args:
        dtype: the dtype of the elements.
        size: the number of elements; None is 0.
        dynamic_size: whether writing past the end makes the array longer. In a staged
            loop that must happen once per iteration, in order, and the number of
            iterations must be known while tracing; otherwise the function runs op by
            op.
        clear_after_read: whether an element may be read once only (checked eagerly);
            None is True.
        tensor_array_name: accepted; used in nothing.
        handle: must be None.
        flow: must be None.
        infer_shape: whether all elements must have one shape.
        element_shape: None, or the partial shape that elements must have.
        colocate_with_first_write_call: accepted; XLA places values itself.
        name: accepted; used in nothing.

    Example:
        >>> ta = tf.TensorArray(tf.float32, size=2)
        >>> ta = ta.write(0, 1.0).write(1, 2.0)
        >>> ta.stack().numpy().tolist()
        [1.0, 2.0]

    Reference: ``tf.TensorArray``. As there, keep the result of each ``write``. A
    compiled program does not check indices against the size: writes outside are
    dropped, reads are clamped.
    """

    def __init__(
        self,
        dtype: Any,
        size: Any = None,
        dynamic_size: bool | None = None,
        clear_after_read: bool | None = None,
        tensor_array_name: str | None = None,
        handle: Any = None,
        flow: Any = None,
        infer_shape: bool = True,
        element_shape: Any = None,
        colocate_with_first_write_call: bool = True,
        name: str | None = None,
    ) -> None:
        del tensor_array_name, colocate_with_first_write_call, name
        if handle is not None or flow is not None:
            raise ValueError(
                "tf.TensorArray: expected no handle or flow, which belong to "
                "TensorFlow's graphs. Received: one of them. Pass the TensorArray "
                "object itself."
            )
        count = 0 if size is None else size
        if predicates.is_staged(count):
            raise HostOpInTrace("a tf.TensorArray whose size is a traced tensor")
        self._dtype = as_dtype(dtype)
        self._dynamic = bool(dynamic_size)
        self._clear = clear_after_read is None or bool(clear_after_read)
        self._infer_shape = infer_shape
        self._declared = TensorShape(element_shape)
        self._shape = self._declared
        self._items: list[Tensor | None] = [None] * int(count)
        self._read_once: set[int] = set()
        self._buffer: Tensor | None = None
        self._top: Tensor | None = None
        self._writes = 0
        self._settled: Any = None

    # ------------------------------------------------------ properties

    @property
    def dtype(self) -> DType:
        """The dtype of the elements."""
        return self._dtype

    @property
    def element_shape(self) -> TensorShape:
        """What is known of the elements' shape."""
        return self._shape

    @property
    def dynamic_size(self) -> bool:
        """Whether the array grows."""
        return self._dynamic

    @property
    def flow(self) -> None:
        """None: there is no graph to order."""
        return None

    @property
    def handle(self) -> None:
        """None: there is no resource."""
        return None

    def size(self, name: str | None = None) -> Tensor:
        """The number of elements, an int32 scalar."""
        del name
        if self._top is not None:
            return self._top
        return Tensor(np.asarray(self._capacity(), np.int32))

    def __len__(self) -> int:
        return self._capacity()

    def _capacity(self) -> int:
        return len(self._items) if self._buffer is None else first_size(self._buffer)

    # ------------------------------------------------------ elements

    def read(self, index: Any, name: str | None = None) -> Tensor:
        """The element at an index.

        Raises:
            OutOfRangeError: if there is none (for an index known now).
            InvalidArgumentError: if it was never written, or was read before in an
                array with ``clear_after_read``.
        """
        del name
        at = convert_to_tensor(index)
        if self._buffer is None and not predicates.is_staged(at):
            return self._read_item(int(at))
        found: Tensor = execute(parts.READ, [self._as_buffer(), at])
        return found

    def _read_item(self, at: int) -> Tensor:
        item = self._item(at)
        if self._clear and not is_tracing():
            self._items[at] = None
            self._read_once.add(at)
        return item

    def _item(self, at: int) -> Tensor:
        if not 0 <= at < len(self._items):
            raise parts.outside("read", at, len(self._items))
        item = self._items[at]
        if item is None:
            if at in self._read_once:
                raise parts.read_twice(at)
            if not self._shape.is_fully_defined():
                raise parts.not_written(at)
            return self._zero()
        return item

    def write(self, index: Any, value: Any, name: str | None = None) -> TensorArray:
        """Sets the element at an index.

        Returns:
            The array to use from now on (eagerly, this one).

        Raises:
            OutOfRangeError: if the index is outside (for an index known now).
            InvalidArgumentError: if the value has another dtype or shape.
        """
        del name
        at, tensor = convert_to_tensor(index), self._element(value)
        if self._buffer is None and not predicates.is_staged(at):
            return self._write_item(int(at), tensor)
        made = self._copy()
        made._shape = self._joined(tensor.shape)
        buffer = self._as_buffer(tensor)
        made._items = []
        made._buffer = execute(parts.WRITE, [buffer, at, tensor])
        made._writes += 1
        if self._dynamic:
            made._top = execute(parts.TOP, [self._int32(self.size()), self._int32(at)])
        return made

    @staticmethod
    def _int32(tensor: Tensor) -> Tensor:
        if tensor.dtype == "int32":
            return tensor
        found: Tensor = execute(parts.TO_INT32, [tensor])
        return found

    def _write_item(self, at: int, tensor: Tensor) -> TensorArray:
        count = len(self._items)
        if at < 0 or (at >= count and not self._dynamic):
            raise parts.outside("write", at, count)
        made = self._copy() if is_tracing() else self
        made._shape = self._joined(tensor.shape)
        made._items.extend([None] * (at + 1 - count))
        made._items[at] = tensor
        return made

    def _element(self, value: Any) -> Tensor:
        tensor = convert_to_tensor(value, dtype_hint=self._dtype)
        if tensor.dtype != self._dtype:
            raise parts.wrong_dtype(self._dtype, tensor.dtype)
        return tensor

    def _joined(self, shape: TensorShape) -> TensorShape:
        known = self._shape if self._infer_shape else self._declared
        if not known.is_compatible_with(shape):
            raise parts.wrong_shape(known, shape)
        return known.merge_with(shape) if self._infer_shape else known

    # ------------------------------------------------------ whole arrays

    def stack(self, name: str | None = None) -> Tensor:
        """All elements, stacked: shape ``(size, *element)``."""
        del name
        if self._buffer is not None:
            self._check_full()
            return self._buffer
        if not self._items:
            dims = self._shape.as_list() if self._shape.rank is not None else []
            shape = (0, *[dim or 0 for dim in dims])
            return Tensor(np.zeros(shape, self._dtype.np_dtype))
        items = self._filled()
        if self._dtype == "string":
            return Tensor(np.stack([np.asarray(each._value) for each in items]))
        found: Tensor = execute(parts.STACK, items)
        return found

    def concat(self, name: str | None = None) -> Tensor:
        """All elements joined along their first axis."""
        del name
        if self._buffer is not None:
            self._check_full()
            joined: Tensor = execute(parts.FLAT, [self._buffer])
            return joined
        if not self._items:
            return self.stack()
        found: Tensor = execute(parts.CONCAT, self._filled())
        return found

    def gather(self, indices: Any, name: str | None = None) -> Tensor:
        """The elements at some indices, stacked."""
        del name
        at = convert_to_tensor(indices)
        if self._buffer is None and not predicates.is_staged(at):
            items = [self._item(int(each)) for each in np.asarray(at._value)]
            if items:
                stacked: Tensor = execute(parts.STACK, items)
                return stacked
        found: Tensor = execute(parts.GATHER, [self._as_buffer(), at])
        return found

    def unstack(self, value: Any, name: str | None = None) -> TensorArray:
        """The slices of a tensor along its first axis, as the elements."""
        del name
        tensor = self._element(value)
        made = self._copy() if is_tracing() else self
        made._shape = self._joined(tensor.shape[1:])
        count = first_size(tensor)
        self._fits(count)
        if is_tracing():
            made._items, made._buffer = [], tensor
        else:
            made._items = [*slices(tensor)]
            made._read_once = set()
        return made

    def scatter(self, indices: Any, value: Any, name: str | None = None) -> TensorArray:
        """Sets the elements at some indices to the slices of a tensor."""
        del name
        at, tensor = convert_to_tensor(indices), self._element(value)
        if self._buffer is None and not predicates.is_staged(at):
            made, rows = self, slices(tensor)
            for number, place in enumerate(np.asarray(at._value)):
                made = made.write(int(place), rows[number])
            return made
        made = self._copy()
        made._shape = self._joined(tensor.shape[1:])
        made._items = []
        buffer = self._as_buffer(shape=tensor.shape[1:])
        made._buffer = execute(parts.SCATTER, [buffer, at, tensor])
        return made

    def split(self, value: Any, lengths: Any, name: str | None = None) -> TensorArray:
        """Pieces of a tensor along its first axis, as the elements."""
        del name
        tensor = self._element(value)
        sizes = convert_to_tensor(lengths)
        if predicates.is_staged(sizes):
            raise HostOpInTrace("tf.TensorArray.split with traced lengths")
        counts = [int(each) for each in np.asarray(sizes._value)]
        self._fits(len(counts))
        made = self._copy() if is_tracing() else self
        start = 0
        made._items = []
        for count in counts:
            made._items.append(parts.piece(tensor, start, count))
            start += count
        if len(set(counts)) == 1:
            made._shape = self._joined(made._items[0].shape)  # type: ignore[union-attr]
        return made

    def _fits(self, count: int) -> None:
        if count > self._capacity() and not self._dynamic:
            raise OutOfRangeError.of(
                "tf.TensorArray",
                expected=f"at most {self._capacity()} elements, the size of the array",
                received=f"{count}",
                hint="Make it larger, or set dynamic_size=True.",
            )

    def identity(self) -> TensorArray:
        """A copy."""
        return self._copy()

    def close(self, name: str | None = None) -> None:
        """Drops the elements."""
        del name
        self._items = []

    def grad(self, source: str, flow: Any = None, name: str | None = None) -> Any:
        """Not available: gradients flow through the elements themselves.

        Raises:
            AttributeError: always.
        """
        raise AttributeError(
            "tf.TensorArray.grad: expected no use of graph-level gradients. Received: "
            f"source={source!r}. Use tf.GradientTape over the reads and writes."
        )

    # ------------------------------------------------------ representation

    def _copy(self) -> TensorArray:
        made = object.__new__(TensorArray)
        made.__dict__.update(self.__dict__)
        made._items = list(self._items)
        return made

    def _zero(self) -> Tensor:
        return Tensor(np.zeros(tuple(self._shape), self._dtype.np_dtype))

    def _filled(self) -> list[Tensor]:
        """The elements, zeros for those that were never written."""
        missing = any(item is None for item in self._items)
        if missing and not self._shape.is_fully_defined():
            raise InvalidArgumentError.of(
                "tf.TensorArray",
                expected="all elements to be written before they are stacked",
                received="an array with unwritten elements of unknown shape",
                hint="Write all elements, or give element_shape.",
            )
        return [self._zero() if item is None else item for item in self._items]

    def _as_buffer(
        self, element: Tensor | None = None, shape: TensorShape | None = None
    ) -> Tensor:
        """The elements in one tensor."""
        if self._buffer is not None:
            return self._buffer
        shape = element.shape if element is not None else shape
        known = self._shape if shape is None else self._joined(shape)
        if not known.is_fully_defined():
            raise InvalidArgumentError.of(
                "tf.TensorArray",
                expected="an element shape that is known while tracing",
                received=f"{known}",
                hint="Give element_shape, or write an element before the loop.",
            )
        if any(item is not None for item in self._items):
            found: Tensor = execute(
                parts.STACK,
                [
                    Tensor(np.zeros(tuple(known), self._dtype.np_dtype))
                    if item is None
                    else item
                    for item in self._items
                ],
            )
            return found
        count = max(len(self._items), 1 if self._dynamic and shape is not None else 0)
        return Tensor(np.zeros((count, *known), self._dtype.np_dtype))

    def _check_full(self) -> None:
        if self._top is None or not predicates.is_staged(self._top):
            return
        count = self._capacity()
        limit = Tensor(np.asarray(count, np.int32))
        check(
            execute(parts.FULL, [self._top, limit]),
            [self._top],
            lambda top: (
                f"tf.TensorArray: expected {count} elements after the loop, one for "
                f"each write of each iteration. Received: {int(top[0])}. Give the "
                "array a size instead of dynamic_size=True, or call "
                "tf.config.run_functions_eagerly(True)."
            ),
        )

    # ------------------------------------------------------ carried by loops

    @property
    def _type_spec(self) -> TensorArraySpec:
        """How `tf.nest` takes the array apart and rebuilds it."""
        spec = TensorArraySpec(
            self._shape, self._dtype, self._dynamic, self._infer_shape
        )
        spec._like = self
        return spec

    def _components(self) -> tuple[Tensor, ...]:
        if self._buffer is None and not self._shape.is_fully_defined():
            return ()
        if self._dynamic:
            return self._as_buffer(), self._int32(self.size())
        return (self._as_buffer(),)

    def _with(self, components: Sequence[Any]) -> TensorArray:
        made = self._copy()
        if components:
            made._items = []
            made._buffer = components[0]
            made._top = components[1] if len(components) > 1 else None
        return made

    @property
    def __lamina_open__(self) -> bool:
        """Whether the form of the array follows from a first iteration."""
        if self._dynamic and self._settled is not None:
            return state.trace is self._settled
        return self._dynamic or (
            self._buffer is None and not self._shape.is_fully_defined()
        )

    def __lamina_merge__(self, other: TensorArray) -> tuple[TensorArray, TensorArray]:
        """This array and that of another branch, in one form."""
        if self._dynamic and self._writes != other._writes:
            raise HostOpInTrace("a tf.TensorArray that grows in one branch only")
        mine, others = len(self._components()), len(other._components())
        if mine and not others:
            return self, other._unwritten(self._shape)
        if others and not mine:
            return self._unwritten(other._shape), other
        return self, other

    def _unwritten(self, shape: TensorShape) -> TensorArray:
        made = self._copy()
        made._shape, made._items = shape, []
        made._buffer = conditional.Unset()  # type: ignore[assignment]
        return made

    def __lamina_fill__(self, after: TensorArray, length: int | None) -> TensorArray:
        """This array as a loop needs it, of whose body ``after`` is a trial result.

        Args:
            after: the array after one iteration.
            length: how many iterations follow, if that is known.
        """
        made = self._copy()
        made._shape = after._shape
        writes = after._writes - self._writes
        if not made._shape.is_fully_defined():
            return made
        buffer = self._as_buffer(shape=made._shape)
        count = self._capacity()
        if self._dynamic and writes:
            if length is None:
                raise HostOpInTrace(
                    "a tf.TensorArray that grows in a loop of unknown length"
                )
            made._top = (
                Tensor(np.asarray(count, np.int32))
                if self._top is None
                else (self._top)
            )
            zeros = np.zeros((writes * length, *made._shape), self._dtype.np_dtype)
            pieces = [buffer, Tensor(zeros)] if count else [Tensor(zeros)]
            buffer = execute(parts.CONCAT, pieces)
            made._settled = state.trace
            made._writes = self._writes + writes * length
        made._items, made._buffer = [], buffer
        return made


class TensorArraySpec(TypeSpec):
    """The description of a ``tf.TensorArray``.

    Args:
        element_shape: the partial shape of the elements.
        dtype: the dtype of the elements.
        dynamic_size: whether the array grows.
        infer_shape: whether all elements must have one shape.

    Reference: ``tf.TensorArraySpec``.
    """

    def __init__(
        self,
        element_shape: Any = None,
        dtype: Any = float32,
        dynamic_size: bool = False,
        infer_shape: bool = True,
    ) -> None:
        self._element_shape = TensorShape(element_shape)
        self._dtype = as_dtype(dtype)
        self._dynamic_size = dynamic_size
        self._infer_shape = infer_shape
        self._like: TensorArray | None = None

    @classmethod
    def from_value(cls, value: TensorArray) -> TensorArraySpec:
        """The description of an array."""
        return value._type_spec

    @property
    def value_type(self) -> type[TensorArray]:
        """``tf.TensorArray``."""
        return TensorArray

    def _to_components(self, value: TensorArray) -> tuple[Tensor, ...]:
        return value._components()

    def _from_components(self, components: Sequence[Any]) -> TensorArray:
        like = self._like or TensorArray(
            self._dtype,
            dynamic_size=self._dynamic_size,
            infer_shape=self._infer_shape,
            element_shape=self._element_shape,
        )
        return like._with(components)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TensorArraySpec) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def _key(self) -> tuple[Any, ...]:
        dims = None if self._element_shape.rank is None else tuple(self._element_shape)
        return dims, self._dtype, self._dynamic_size, self._infer_shape

    def __repr__(self) -> str:
        return (
            f"TensorArraySpec({self._element_shape}, {self._dtype!r}, "
            f"{self._dynamic_size}, {self._infer_shape})"
        )
