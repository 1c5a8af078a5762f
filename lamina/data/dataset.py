"""`tf.data.Dataset`: where elements come from, and how data sets are combined."""

from __future__ import annotations

import glob
import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from lamina.data import streams
from lamina.data.core import DatasetCore, SeedStream
from lamina.data.elements import Flat, flat_of, normalize, relax, spec_of
from lamina.data.grouping import GroupingDataset
from lamina.data.options import INFINITE_CARDINALITY, UNKNOWN_CARDINALITY
from lamina.data.rows import (
    RangeTable,
    Rows,
    SliceTable,
    ZipTable,
    counting,
    zipped,
)
from lamina.engine import dtypes, nest
from lamina.engine.errors import InvalidArgumentError
from lamina.engine.shapes import TensorShape
from lamina.engine.tensor import Tensor, convert_to_tensor
from lamina.engine.type_spec import TensorSpec


class Dataset(GroupingDataset):
    """A sequence of elements, each a structure of tensors.

    Data sets are made by `from_tensor_slices`, `from_generator`, `range` and the
    like, and changed by methods that give new data sets. Nothing is computed until
    someone iterates.

    Example:
        >>> ds = tf.data.Dataset.from_tensor_slices([3, 1, 2])
        >>> [int(x) for x in ds.map(lambda x: x * 10)]
        [30, 10, 20]

    Reference: `tf.data.Dataset`. Known differences: elements live on the host until
    an operation uses them; the order of elements is always deterministic.
    """

    @staticmethod
    def from_tensor_slices(tensors: Any, name: str | None = None) -> Dataset:
        """The rows of arrays: slices along the first axis.

        Args:
            tensors: A structure of arrays or tensors with equal first dimensions.
            name: Accepted.

        Raises:
            InvalidArgumentError: A scalar, or first dimensions that differ.

        Example:
            >>> ds = tf.data.Dataset.from_tensor_slices(([1, 2], ["a", "b"]))
            >>> [(int(x), y.numpy()) for x, y in ds]
            [(1, b'a'), (2, b'b')]

        Reference: `tf.data.Dataset.from_tensor_slices`.
        """
        structure = normalize(tensors)
        arrays = [np.array(leaf) for leaf in flat_of(structure)]
        if not arrays:
            raise InvalidArgumentError.of(
                "tf.data.Dataset.from_tensor_slices",
                expected="at least one tensor to slice",
                received=f"{tensors!r:.100}",
                hint="Pass arrays whose first axis counts the elements.",
            )
        sizes = [array.shape[0] if array.ndim else None for array in arrays]
        if None in sizes or len(set(sizes)) > 1:
            raise InvalidArgumentError.of(
                "tf.data.Dataset.from_tensor_slices",
                expected="tensors of at least one dimension, all with the same first "
                "dimension",
                received="Unbatching needs equal sizes, but the shapes are "
                f"{[list(array.shape) for array in arrays]}",
                hint="Use from_tensors for a single element.",
            )
        leaves = [TensorSpec(array.shape[1:], spec_of(array).dtype) for array in arrays]
        spec = nest.pack_sequence_as(structure, leaves)
        count = int(arrays[0].shape[0])
        return Dataset(spec, None, count, Rows(SliceTable(arrays), counting(count)))

    @staticmethod
    def from_tensors(tensors: Any, name: str | None = None) -> Dataset:
        """A single element.

        Args:
            tensors: A structure of arrays, tensors or data sets.
            name: Accepted.

        Reference: `tf.data.Dataset.from_tensors`.
        """
        structure = normalize(tensors)
        flat = flat_of(structure)
        spec = nest.pack_sequence_as(structure, [spec_of(leaf) for leaf in flat])
        if all(isinstance(leaf, np.ndarray) for leaf in flat):
            table = SliceTable([leaf[None] for leaf in flat])
            return Dataset(spec, None, 1, Rows(table, counting(1)))
        return Dataset(spec, lambda: iter([flat]), 1)

    @staticmethod
    def range(*args: Any, **kwargs: Any) -> Dataset:
        """Integers: `range(stop)`, `range(start, stop)` or with a step.

        Args:
            *args: As for Python's `range`.
            **kwargs: `output_type`, int64 by default, and `name`.

        Example:
            >>> [int(x) for x in tf.data.Dataset.range(1, 6, 2)]
            [1, 3, 5]

        Reference: `tf.data.Dataset.range`.
        """
        dtype = dtypes.as_dtype(kwargs.pop("output_type", dtypes.int64))
        kwargs.pop("name", None)
        if kwargs or not 1 <= len(args) <= 3:
            raise InvalidArgumentError.of(
                "tf.data.Dataset.range",
                expected="one to three integers, `output_type` and `name`",
                received=f"Invalid arguments to RangeDataset: {args}, {kwargs}",
                hint="Write range(stop) or range(start, stop, step).",
            )
        numbers = [int(np.asarray(arg)) for arg in args]
        start, stop, step = (0, *numbers, 1) if len(numbers) == 1 else (*numbers, 1)[:3]
        if not step:
            raise InvalidArgumentError.of(
                "tf.data.Dataset.range",
                expected="a step that is not zero",
                received="step=0",
                hint="The default is 1.",
            )
        count = max(0, -(-(stop - start) // step))
        rows = Rows(RangeTable(start, step, dtype.np_dtype), counting(count))
        return Dataset(TensorSpec((), dtype), None, count, rows)

    @staticmethod
    def from_generator(
        generator: Callable[..., Any],
        output_types: Any = None,
        output_shapes: Any = None,
        args: Sequence[Any] | None = None,
        output_signature: Any = None,
        name: str | None = None,
    ) -> Dataset:
        """The elements that a Python generator yields.

        Args:
            generator: A callable that gives an iterator, called at each iteration.
            output_types: A structure of dtypes, in place of a signature.
            output_shapes: A structure of shapes, with `output_types`.
            args: Tensors, given to `generator` as NumPy arrays.
            output_signature: A structure of `tf.TensorSpec`.
            name: Accepted.

        Raises:
            TypeError: `generator` is not callable, or there is no signature.
            InvalidArgumentError: An element does not fit the signature.

        Example:
            >>> ds = tf.data.Dataset.from_generator(
            ...     lambda: iter([1, 2]), output_signature=tf.TensorSpec((), tf.int32))
            >>> [int(x) for x in ds]
            [1, 2]

        Reference: `tf.data.Dataset.from_generator`.
        """
        if not callable(generator):
            raise TypeError(
                "tf.data.Dataset.from_generator: `generator` must be a Python "
                f"callable. Received: {generator!r:.100}. Pass the function itself, "
                "without calling it."
            )
        spec = _signature(output_types, output_shapes, output_signature)
        given = [np.asarray(convert_to_tensor(arg)) for arg in args or ()]
        convert = _Converter(spec)

        def start() -> Iterator[Flat]:
            return map(convert, iter(generator(*given)))

        return Dataset(spec, start, UNKNOWN_CARDINALITY, slow=True)

    @staticmethod
    def zip(*args: Any, datasets: Any = None, name: str | None = None) -> Dataset:
        """Elements of several data sets side by side, until one ends.

        Args:
            *args: Data sets, or one structure of them.
            datasets: A structure of data sets.
            name: Accepted.

        Example:
            >>> a, b = tf.data.Dataset.range(2), tf.data.Dataset.range(5, 9)
            >>> [(int(x), int(y)) for x, y in tf.data.Dataset.zip(a, b)]
            [(0, 5), (1, 6)]

        Reference: `tf.data.Dataset.zip`.
        """
        if datasets is None:
            datasets = args if len(args) > 1 else args[0] if args else ()
        if isinstance(datasets, list):
            datasets = tuple(datasets)
        inputs = nest.flatten(datasets)
        for one in inputs:
            if not isinstance(one, DatasetCore):
                raise TypeError(
                    "tf.data.Dataset.zip: Invalid `datasets`. Expected a structure of "
                    f"`tf.data.Dataset` objects. Received: {one!r:.100}. Make data "
                    "sets of arrays with from_tensor_slices."
                )
        if not inputs:
            raise TypeError(
                "tf.data.Dataset.zip: Must pass at least one dataset to `zip`. "
                "Received: none. Pass two data sets."
            )

        def spec() -> Any:
            return nest.map_structure(lambda one: one.element_spec, datasets)

        sizes = [one._size for one in inputs]
        finite = [size for size in sizes if size >= 0]
        size = min(finite) if finite else INFINITE_CARDINALITY
        if UNKNOWN_CARDINALITY in sizes:
            size = UNKNOWN_CARDINALITY
        tables = [one._rows for one in inputs]
        if all(table is not None for table in tables):
            rows = Rows(
                ZipTable([table.table for table in tables]),
                zipped([table.order for table in tables]),
            )
            return Dataset(spec(), None, size, rows)

        def start() -> Iterator[Flat]:
            for parts in zip(*(one._start() for one in inputs), strict=False):
                yield tuple(itertools.chain.from_iterable(parts))

        return Dataset(spec, start, size, slow=any(one._slow for one in inputs))

    @staticmethod
    def random(
        seed: Any = None,
        rerandomize_each_iteration: bool | None = None,
        name: str | None = None,
    ) -> Dataset:
        """Random int64 numbers of 32 bits, without end.

        Args:
            seed: A seed, combined with the global one.
            rerandomize_each_iteration: Whether each iteration has other numbers.
            name: Accepted.

        Reference: `tf.data.Dataset.random`. The numbers are not TensorFlow's.
        """
        seeds = SeedStream(seed, bool(rerandomize_each_iteration))

        def start() -> Iterator[Flat]:
            rng = seeds()
            while True:
                for value in rng.integers(0, 1 << 32, 256, dtype=np.int64):
                    yield (np.asarray(value),)

        return Dataset(TensorSpec((), dtypes.int64), start, INFINITE_CARDINALITY)

    @staticmethod
    def counter(
        start: int = 0,
        step: int = 1,
        dtype: Any = dtypes.int64,
        name: str | None = None,
    ) -> Dataset:
        """Integers from `start` on, without end."""
        dtype = dtypes.as_dtype(dtype)
        rows = Rows(RangeTable(int(start), int(step), dtype.np_dtype), counting(None))
        return Dataset(TensorSpec((), dtype), None, INFINITE_CARDINALITY, rows)

    @staticmethod
    def list_files(
        file_pattern: Any,
        shuffle: bool | None = None,
        seed: Any = None,
        name: str | None = None,
    ) -> Dataset:
        """The names of the files that match patterns.

        Args:
            file_pattern: A pattern, or several, with `*`, `?` and `[...]`.
            shuffle: Whether they come in random order, True by default.
            seed: A seed for it.
            name: Accepted.

        Raises:
            InvalidArgumentError: No file matches.

        Reference: `tf.data.Dataset.list_files`.
        """
        patterns = np.ravel(np.asarray(convert_to_tensor(file_pattern)._value))
        names = [p.decode() if isinstance(p, bytes) else str(p) for p in patterns]
        found = sorted({path for name_ in names for path in glob.glob(name_)})
        if not found:
            raise InvalidArgumentError.of(
                "tf.data.Dataset.list_files",
                expected="a pattern that files match",
                received=f"No files matched pattern: {', '.join(names)}",
                hint="Check the folder and the ending.",
            )
        made = Dataset.from_tensor_slices(found)
        return made if shuffle is False else made.shuffle(len(found), seed)

    @staticmethod
    def sample_from_datasets(
        datasets: Sequence[Any],
        weights: Any = None,
        seed: Any = None,
        stop_on_empty_dataset: bool = False,
        rerandomize_each_iteration: bool | None = None,
    ) -> Dataset:
        """Elements of data sets chosen at random.

        Args:
            datasets: The data sets, of one structure.
            weights: Their probabilities, equal by default.
            seed: A seed, combined with the global one.
            stop_on_empty_dataset: Whether it ends when one of them ends.
            rerandomize_each_iteration: Whether each iteration chooses anew.

        Reference: `tf.data.Dataset.sample_from_datasets`.
        """
        share = (
            np.ones(len(datasets)) if weights is None else np.asarray(weights, float)
        )
        if share.shape != (len(datasets),):
            raise InvalidArgumentError.of(
                "tf.data.Dataset.sample_from_datasets",
                expected=f"one weight for each of the {len(datasets)} data sets",
                received=f"weights of shape {share.shape}",
                hint="Leave weights out for equal ones.",
            )
        seeds = SeedStream(seed, rerandomize_each_iteration is not False)

        def picks() -> Iterator[int]:
            rng = seeds()
            while True:
                yield from rng.choice(len(share), 256, p=share / share.sum()).tolist()

        return _choose(datasets, picks, stop_on_empty_dataset)

    @staticmethod
    def choose_from_datasets(
        datasets: Sequence[Any], choice_dataset: Any, stop_on_empty_dataset: bool = True
    ) -> Dataset:
        """Elements of data sets in the order that another data set gives.

        Args:
            datasets: The data sets, of one structure.
            choice_dataset: Gives int64 scalars: numbers of data sets.
            stop_on_empty_dataset: Whether it ends when one of them ends.

        Reference: `tf.data.Dataset.choose_from_datasets`.
        """

        def picks() -> Iterator[int]:
            for (pick,) in choice_dataset._start():
                yield int(pick)

        return _choose(datasets, picks, stop_on_empty_dataset)


DatasetCore._public = Dataset


def _choose(
    datasets: Sequence[Any], picks: Callable[[], Iterator[int]], stop: bool
) -> Dataset:
    if not datasets:
        raise InvalidArgumentError.of(
            "tf.data.Dataset.choose_from_datasets",
            expected="at least one data set",
            received="an empty list (Invalid `datasets`: should not be empty)",
            hint="Pass the data sets to choose from.",
        )

    def spec() -> Any:
        joined = datasets[0].element_spec
        for one in datasets[1:]:
            joined = relax(joined, one.element_spec)
        return joined

    starts = [one._start for one in datasets]
    slow = any(one._slow for one in datasets)
    return Dataset(spec, lambda: streams.chosen(starts, picks(), stop), slow=slow)


def _signature(types: Any, shapes: Any, signature: Any) -> Any:
    title = "tf.data.Dataset.from_generator"
    if signature is not None:
        if types is not None or shapes is not None:
            raise TypeError(
                f"{title}: expected either `output_signature` or `output_types`. "
                "Received both. `output_types` and `output_shapes` must not be "
                "specified with `output_signature`."
            )
        for leaf in nest.flatten(signature):
            if not isinstance(leaf, TensorSpec):
                raise TypeError(
                    f"{title}: `output_signature` must contain objects that are "
                    f"`tf.TensorSpec`. Received: {leaf!r}. Write tf.TensorSpec(shape, "
                    "dtype)."
                )
        return signature
    if types is None:
        raise TypeError(
            f"{title}: expected `output_signature` (or `output_types`). Received "
            "neither: Either `output_signature` or `output_types` must be specified."
        )
    if shapes is None:
        return nest.map_structure(lambda dtype: TensorSpec(None, dtype), types)
    flat = nest.flatten_up_to(types, shapes)
    leaves = [
        TensorSpec(
            shape if isinstance(shape, TensorShape) else TensorShape(shape), dtype
        )
        for shape, dtype in zip(flat, nest.flatten(types), strict=True)
    ]
    return nest.pack_sequence_as(types, leaves)


class _Converter:
    """Turns what a generator yields into flat elements of a signature."""

    def __init__(self, spec: Any) -> None:
        self.spec = spec
        self.leaves = nest.flatten(spec)
        self.nested = nest.is_nested(spec)
        self.flat = type(spec) is tuple and not any(map(nest.is_nested, spec))

    def __call__(self, value: Any) -> Flat:
        if not self.nested:
            parts = [value]
        elif self.flat and isinstance(value, (tuple, list)):
            parts = list(value)
        else:
            try:
                parts = nest.flatten_up_to(self.spec, value)
            except (TypeError, ValueError, KeyError) as error:
                raise self._misfit(value) from error
        if len(parts) != len(self.leaves):
            raise self._misfit(value)
        return tuple(map(self._leaf, parts, self.leaves))

    def _leaf(self, value: Any, spec: TensorSpec) -> np.ndarray:
        if isinstance(value, Tensor):
            value = value._value
        try:
            if spec.dtype == "string":
                array = np.asarray(convert_to_tensor(value, "string")._value)
            else:
                array = np.asarray(value, dtype=spec.dtype.np_dtype)
        except (TypeError, ValueError) as error:
            raise InvalidArgumentError.of(
                "tf.data.Dataset.from_generator",
                expected="elements of the signature's types",
                received="`generator` yielded an element that could not be converted "
                f"to the expected type. The expected type was {spec.dtype.name}, but "
                f"the yielded element was {value!r:.100}",
                hint="Correct the signature or the generator.",
            ) from error
        if not spec.shape.is_compatible_with(array.shape):
            raise InvalidArgumentError.of(
                "tf.data.Dataset.from_generator",
                expected="elements of the signature's shapes",
                received=f"`generator` yielded an element of shape {array.shape} where "
                f"an element of shape {spec.shape} was expected",
                hint="Use None in the signature for dimensions that vary.",
            )
        return array

    def _misfit(self, value: Any) -> InvalidArgumentError:
        return InvalidArgumentError.of(
            "tf.data.Dataset.from_generator",
            expected=f"elements of the structure {self.spec}",
            received="`generator` yielded an element that did not match the expected "
            f"structure: {value!r:.100}",
            hint="Yield tuples for a tuple of specs, one value for one spec.",
        )
