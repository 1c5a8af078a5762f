"""Comparisons of arrays and structures for test cases."""

from __future__ import annotations

import unittest
from collections.abc import Iterable, Mapping
from typing import Any

import ml_dtypes
import numpy as np

from lamina.engine import nest
from lamina.engine.dtypes import as_dtype


class ArrayAssertions(unittest.TestCase):
    """Assertions about tensors, arrays, numbers and structures of them."""

    def evaluate(self, tensors: Any) -> Any:
        """The values of tensors as NumPy arrays, in the same structure."""
        return nest.map_structure(_value, tensors)

    def assertAllClose(
        self, a: Any, b: Any, rtol: float = 1e-6, atol: float = 1e-6, msg: Any = None
    ) -> None:
        """Equal shapes, and elements that differ by at most ``atol + rtol * |b|``.

        Structures are compared part by part; mappings by key.
        """
        one, two = self.evaluate(a), self.evaluate(b)
        self._close(one, two, rtol, atol, "" if msg is None else str(msg), ())

    def assertNotAllClose(
        self, a: Any, b: Any, rtol: float = 1e-6, atol: float = 1e-6, msg: Any = None
    ) -> None:
        """The opposite of `assertAllClose`."""
        try:
            self.assertAllClose(a, b, rtol, atol)
        except self.failureException:
            return
        self.fail(msg or "expected values that are not close; all are.")

    def assertAllCloseAccordingToType(
        self,
        a: Any,
        b: Any,
        rtol: float = 1e-6,
        atol: float = 1e-6,
        float_rtol: float = 1e-6,
        float_atol: float = 1e-6,
        half_rtol: float = 1e-3,
        half_atol: float = 1e-3,
        bfloat16_rtol: float = 1e-2,
        bfloat16_atol: float = 1e-2,
        msg: Any = None,
    ) -> None:
        """`assertAllClose` with the tolerance of the coarser dtype of the two."""
        dtypes = {_array(a).dtype, _array(b).dtype}
        for kinds, relative, absolute in (
            ((np.float32, np.complex64), float_rtol, float_atol),
            ((np.float16,), half_rtol, half_atol),
            ((ml_dtypes.bfloat16,), bfloat16_rtol, bfloat16_atol),
        ):
            if dtypes & {np.dtype(kind) for kind in kinds}:
                rtol, atol = max(rtol, relative), max(atol, absolute)
        self.assertAllClose(a, b, rtol, atol, msg)

    def assertAllEqual(self, a: Any, b: Any, msg: Any = None) -> None:
        """Equal shapes and elements; NaN equals NaN."""
        one, two = _array(a), _array(b)
        self.assertEqual(one.shape, two.shape, msg or "the shapes differ")
        same = one == two
        if one.dtype.kind in "fcV" and two.dtype.kind in "fcV":
            same |= (one != one) & (two != two)
        if not np.all(same):
            where = np.argwhere(np.atleast_1d(~np.asarray(same)))[:10].tolist()
            self.fail(f"{msg or ''} not equal at {where}:\n{one}\nand\n{two}")

    def assertNotAllEqual(self, a: Any, b: Any, msg: Any = None) -> None:
        """The opposite of `assertAllEqual`."""
        try:
            self.assertAllEqual(a, b)
        except self.failureException:
            return
        self.fail(msg or "expected values that are not all equal; all are.")

    def assertAllGreater(self, a: Any, comparison_target: Any) -> None:
        """Every element is greater."""
        self._all(_array(a) > comparison_target, a, f"> {comparison_target}")

    def assertAllGreaterEqual(self, a: Any, comparison_target: Any) -> None:
        """Every element is greater or equal."""
        self._all(_array(a) >= comparison_target, a, f">= {comparison_target}")

    def assertAllLess(self, a: Any, comparison_target: Any) -> None:
        """Every element is less."""
        self._all(_array(a) < comparison_target, a, f"< {comparison_target}")

    def assertAllLessEqual(self, a: Any, comparison_target: Any) -> None:
        """Every element is less or equal."""
        self._all(_array(a) <= comparison_target, a, f"<= {comparison_target}")

    def assertAllInRange(
        self,
        target: Any,
        lower_bound: Any,
        upper_bound: Any,
        open_lower_bound: bool = False,
        open_upper_bound: bool = False,
    ) -> None:
        """Every element is in an interval; closed ends unless said otherwise."""
        values = _array(target)
        over = values > lower_bound if open_lower_bound else values >= lower_bound
        under = values < upper_bound if open_upper_bound else values <= upper_bound
        self._all(over & under, target, f"in {lower_bound} to {upper_bound}")

    def assertAllInSet(self, target: Any, expected_set: Iterable[Any]) -> None:
        """Every element is one of some values."""
        allowed = list(expected_set)
        self._all(np.isin(_array(target), allowed), target, f"one of {allowed}")

    def assertShapeEqual(self, input_a: Any, input_b: Any, msg: Any = None) -> None:
        """Equal shapes."""
        one, two = (list(np.shape(_array(each))) for each in (input_a, input_b))
        self.assertEqual(one, two, msg)

    def assertDTypeEqual(self, target: Any, expected_dtype: Any) -> None:
        """An array has a dtype."""
        self.assertEqual(as_dtype(_array(target).dtype), as_dtype(expected_dtype))

    def assertNear(self, f1: float, f2: float, err: float, msg: Any = None) -> None:
        """Two numbers differ by at most `err`."""
        self.assertTrue(
            f1 == f2 or abs(f1 - f2) <= err, msg or f"{f1} and {f2} differ by > {err}"
        )

    def assertArrayNear(
        self, farray1: Any, farray2: Any, err: float, msg: Any = None
    ) -> None:
        """Two sequences of numbers differ by at most `err` in each place."""
        self.assertEqual(len(farray1), len(farray2), msg)
        for one, two in zip(farray1, farray2, strict=True):
            self.assertNear(float(one), float(two), err, msg)

    def assertNDArrayNear(
        self, ndarray1: Any, ndarray2: Any, err: float, msg: Any = None
    ) -> None:
        """The Euclidean distance of two arrays is less than `err`."""
        one, two = _array(ndarray1), _array(ndarray2)
        self.assertEqual(one.shape, two.shape, msg)
        self.assertLess(float(np.linalg.norm(one - two)), err, msg)

    def _all(self, holds: Any, values: Any, text: str) -> None:
        if not np.all(holds):
            self.fail(f"expected every element {text}. Received: {_array(values)}")

    def _close(
        self, a: Any, b: Any, rtol: float, atol: float, msg: str, path: tuple[Any, ...]
    ) -> None:
        if isinstance(a, Mapping) or isinstance(b, Mapping):
            self.assertEqual(sorted(a), sorted(b), f"{msg} keys differ at {path}")
            for key in a:
                self._close(a[key], b[key], rtol, atol, msg, (*path, key))
            return
        if isinstance(a, (list, tuple)) and _ragged(a):
            self.assertEqual(len(a), len(b), f"{msg} lengths differ at {path}")
            for index, (one, two) in enumerate(zip(a, b, strict=True)):
                self._close(one, two, rtol, atol, msg, (*path, index))
            return
        one, two = np.asarray(a), np.asarray(b)
        self.assertEqual(one.shape, two.shape, f"{msg} shapes differ at {path}")
        wide_one, wide_two = _wide(one), _wide(two)
        near = np.isclose(wide_one, wide_two, rtol, atol, equal_nan=True)
        if not np.all(near):
            where = np.argwhere(np.atleast_1d(~near))[:10].tolist()
            self.fail(
                f"{msg} not close at {path} {where}, rtol {rtol}, atol {atol}:\n"
                f"{one}\nand\n{two}"
            )


def _value(leaf: Any) -> Any:
    return leaf.numpy() if hasattr(leaf, "numpy") else leaf


def _array(value: Any) -> np.ndarray[Any, Any]:
    if nest.is_nested(value):
        value = nest.map_structure(_value, value)
    return np.asarray(_value(value))


def _ragged(parts: Any) -> bool:
    """Whether a list holds parts that do not form one array."""
    if any(isinstance(part, Mapping) for part in parts):
        return True
    return len({np.shape(part) for part in parts if not _ragged_part(part)}) > 1 or any(
        _ragged_part(part) for part in parts
    )


def _ragged_part(part: Any) -> bool:
    return isinstance(part, (list, tuple)) and bool(part) and _ragged(part)


def _wide(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """The array in a dtype that NumPy can compare with tolerances."""
    if array.dtype == np.float16 or array.dtype.kind == "V":
        return array.astype(np.float32)
    try:
        return array.astype(np.float32) if array.dtype.num >= 256 else array
    except (TypeError, ValueError):
        return array
