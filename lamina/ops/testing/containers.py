"""Assertions about containers and texts, and about exceptions."""

from __future__ import annotations

import contextlib
import re
import unittest
from collections.abc import Callable, Iterable, Iterator, Sequence, Sized
from typing import Any

from lamina.engine import nest
from lamina.engine.errors import OpError


class ContainerAssertions(unittest.TestCase):
    """Assertions about lengths, ends, members and exceptions."""

    def assertLen(self, container: Sized, expected_len: int, msg: Any = None) -> None:
        """A container has a number of members."""
        self.assertEqual(len(container), expected_len, msg)

    def assertEmpty(self, container: Sized, msg: Any = None) -> None:
        """A container has no member."""
        self.assertEqual(len(container), 0, msg or f"{container!r} is not empty")

    def assertNotEmpty(self, container: Sized, msg: Any = None) -> None:
        """A container has a member."""
        self.assertNotEqual(len(container), 0, msg or f"{container!r} is empty")

    def assertStartsWith(
        self, actual: Any, expected_start: Any, msg: Any = None
    ) -> None:
        """A text begins with another."""
        self.assertTrue(
            actual.startswith(expected_start),
            msg or f"{actual!r} does not start with {expected_start!r}",
        )

    def assertEndsWith(self, actual: Any, expected_end: Any, msg: Any = None) -> None:
        """A text ends with another."""
        self.assertTrue(
            actual.endswith(expected_end),
            msg or f"{actual!r} does not end with {expected_end!r}",
        )

    def assertBetween(self, value: Any, minv: Any, maxv: Any, msg: Any = None) -> None:
        """A value is in a closed interval."""
        self.assertTrue(minv <= value <= maxv, msg or f"{value} not in {minv}..{maxv}")

    def assertItemsEqual(
        self, first: Iterable[Any], second: Iterable[Any], msg: Any = None
    ) -> None:
        """The same members, in any order, as often."""
        self.assertCountEqual(first, second, msg)

    def assertSameElements(
        self, expected_seq: Iterable[Any], actual_seq: Iterable[Any], msg: Any = None
    ) -> None:
        """The same members, in any order, however often."""
        self.assertEqual(set(expected_seq), set(actual_seq), msg)

    def assertContainsSubset(
        self, expected_subset: Iterable[Any], actual_set: Iterable[Any], msg: Any = None
    ) -> None:
        """Some values are all members."""
        self.assertLessEqual(set(expected_subset), set(actual_set), msg)

    def assertSequenceAlmostEqual(
        self,
        expected_seq: Sequence[Any],
        actual_seq: Sequence[Any],
        places: int | None = None,
        msg: Any = None,
        delta: float | None = None,
    ) -> None:
        """Two sequences of numbers that are nearly equal in each place."""
        self.assertEqual(len(expected_seq), len(actual_seq), msg)
        for one, two in zip(expected_seq, actual_seq, strict=True):
            self.assertAlmostEqual(one, two, places, msg, delta)  # type: ignore[arg-type]

    def assertRegexMatch(
        self, actual_str: str, regexes: Sequence[str], message: Any = None
    ) -> None:
        """A text is found by one of some patterns."""
        found = any(re.search(regex, actual_str) for regex in regexes)
        self.assertTrue(found, message or f"{actual_str!r} matches none of {regexes}")

    def assertSameStructure(
        self, a: Any, b: Any, aname: str = "a", bname: str = "b", msg: Any = None
    ) -> None:
        """Two nested structures are equal, part by part."""
        one, two = nest.flatten_with_paths(a), nest.flatten_with_paths(b)
        self.assertEqual(one, two, msg or f"{aname} and {bname} differ")

    @contextlib.contextmanager
    def assertRaisesWithPredicateMatch(
        self,
        exception_type: type[BaseException],
        expected_err_re_or_predicate: str | Callable[[Any], bool],
    ) -> Iterator[None]:
        """An exception is raised, and its text is found or a function accepts it."""
        wanted = expected_err_re_or_predicate
        with self.assertRaises(exception_type) as caught:
            yield
        text = str(caught.exception)
        accepted = (
            wanted(caught.exception)
            if callable(wanted)
            else re.search(wanted, text) is not None
        )
        self.assertTrue(accepted, f"unexpected text of the exception: {text}")

    def assertRaisesOpError(
        self, expected_err_re_or_predicate: str | Callable[[Any], bool]
    ) -> contextlib.AbstractContextManager[None]:
        """An operation raises an error whose text is found or accepted."""
        return self.assertRaisesWithPredicateMatch(
            OpError, expected_err_re_or_predicate
        )

    def assertRaisesWithLiteralMatch(
        self,
        expected_exception: type[BaseException],
        expected_exception_message: str,
        callable_obj: Callable[..., Any] | None = None,
        *args: Any,
        **kwargs: Any,
    ) -> Any:
        """An exception is raised with exactly a text."""
        pattern = f"^{re.escape(expected_exception_message)}$"
        if callable_obj is None:
            return self.assertRaisesRegex(expected_exception, pattern)
        return self.assertRaisesRegex(
            expected_exception, pattern, callable_obj, *args, **kwargs
        )
