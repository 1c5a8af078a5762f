"""Attribute tracking: variables, layers and metrics found in what is assigned."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from functools import wraps
from typing import Any

from lamina.keras.common.state import get_global_attribute, set_global_attribute


class DotNotTrackScope:
    """A scope in which assigned attributes are not tracked."""

    def __enter__(self) -> None:
        self.original_value = is_tracking_enabled()
        set_global_attribute("tracking_on", False)

    def __exit__(self, *error: object) -> None:
        set_global_attribute("tracking_on", self.original_value)


def is_tracking_enabled() -> bool:
    """Whether assigned attributes are tracked."""
    return get_global_attribute("tracking_on") is not False


def no_automatic_dependency_tracking(method: Callable[..., Any]) -> Callable[..., Any]:
    """Make a method whose assignments are not tracked."""

    @wraps(method)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        with DotNotTrackScope():
            return method(*args, **kwargs)

    return wrapper


class Tracker:
    """Sorts the objects assigned to an owner into stores.

    Lists, dicts and sets are replaced by subclasses that keep reporting what is put
    into them later.

    Args:
        config: name of a store to `(test, store)`.
        exclusions: name of a store to stores whose members it leaves out.
    """

    def __init__(
        self,
        config: Mapping[str, tuple[Callable[[Any], bool], list[Any]]],
        exclusions: Mapping[str, list[str]] | None = None,
    ) -> None:
        self.config = dict(config)
        self.stored_ids: dict[str, set[int]] = {name: set() for name in self.config}
        self.exclusions = dict(exclusions or {})
        self.locked = False
        self._lock_violation_msg: str | None = None

    def track(self, attr: Any) -> Any:
        """Put `attr`, or what it contains, into its store; return what to keep."""
        if not is_tracking_enabled() or isinstance(attr, (str, int, float)):
            return attr
        for name, (test, _) in self.config.items():
            if test(attr):
                excluded = self.exclusions.get(name, ())
                if not any(self.is_in_store(other, attr) for other in excluded):
                    if not self.is_in_store(name, attr):
                        self.add_to_store(name, attr)
                return attr
        if isinstance(attr, tuple):
            return self._track_tuple(attr)
        if type(attr) is list or isinstance(attr, TrackedList):
            return TrackedList(attr, self)
        if isinstance(attr, OrderedDict):
            return TrackedOrderedDict(attr, self)
        if type(attr) is dict or isinstance(attr, TrackedDict):
            return TrackedDict(attr, self)
        if type(attr) is set or isinstance(attr, TrackedSet):
            return TrackedSet(attr, self)
        return attr

    def _track_tuple(self, attr: tuple[Any, ...]) -> tuple[Any, ...]:
        tracked = [self.track(item) for item in attr]
        if all(a is b for a, b in zip(attr, tracked)):
            return attr
        if hasattr(attr, "_fields"):
            return type(attr)(*tracked)
        return type(attr)(tracked)

    def untrack(self, value: Any) -> None:
        """Remove `value` from its stores."""
        for name, ids in self.stored_ids.items():
            if id(value) in ids:
                ids.remove(id(value))
                remove_by_id(self.config[name][1], value)

    def lock(self, msg: str | None = None) -> None:
        """Refuse new members, with `msg` as the error text."""
        self.locked = True
        if msg is not None:
            self._lock_violation_msg = msg

    def unlock(self) -> None:
        """Accept new members again."""
        self.locked = False

    def add_to_store(self, store_name: str, value: Any) -> None:
        """Put `value` into a store.

        Raises:
            ValueError: the tracker is locked.
        """
        if self.locked:
            raise ValueError(self._lock_violation_msg)
        self.config[store_name][1].append(value)
        self.stored_ids[store_name].add(id(value))

    def is_in_store(self, store_name: str, value: Any) -> bool:
        """Whether a store has this very object."""
        return id(value) in self.stored_ids[store_name]

    def replace_tracked_value(
        self, store_name: str, old_value: Any, new_value: Any
    ) -> None:
        """Put `new_value` in the place of `old_value`."""
        if not self.is_in_store(store_name, old_value):
            raise ValueError(f"Unknown value: {old_value}")
        store = self.config[store_name][1]
        index = next(i for i, value in enumerate(store) if value is old_value)
        store[index] = new_value
        self.stored_ids[store_name].remove(id(old_value))
        self.stored_ids[store_name].add(id(new_value))


def remove_by_id(items: list[Any], value: Any) -> None:
    """Remove this very object from a list."""
    for index, item in enumerate(items):
        if item is value:
            list.pop(items, index)
            return


class TrackedList(list[Any]):
    """A list that reports its members to a tracker."""

    def __init__(
        self, values: Iterable[Any] | None = None, tracker: Tracker | None = None
    ) -> None:
        self.tracker = tracker
        values = list(values or [])
        super().__init__([tracker.track(v) for v in values] if tracker else values)

    def _track(self, value: Any) -> Any:
        return self.tracker.track(value) if self.tracker else value

    def _untrack(self, value: Any) -> None:
        if self.tracker:
            self.tracker.untrack(value)

    def append(self, value: Any) -> None:
        """Add a member at the end."""
        super().append(self._track(value))

    def insert(self, index: Any, value: Any) -> None:
        """Add a member before `index`."""
        super().insert(index, self._track(value))

    def extend(self, values: Iterable[Any]) -> None:
        """Add members at the end."""
        super().extend([self._track(v) for v in values])

    def __iadd__(self, values: Iterable[Any]) -> TrackedList:  # type: ignore[misc, override]
        self.extend(values)
        return self

    def __setitem__(self, index: Any, value: Any) -> None:
        super().__setitem__(index, self._track(value))

    def remove(self, value: Any) -> None:
        """Remove a member."""
        self._untrack(value)
        remove_by_id(self, value)

    def pop(self, index: Any = -1) -> Any:
        """Remove and return the member at `index`."""
        value = super().pop(index)
        self._untrack(value)
        return value

    def clear(self) -> None:
        """Remove all members."""
        for value in self:
            self._untrack(value)
        super().clear()

    def __delitem__(self, index: Any) -> None:
        removed = self[index] if isinstance(index, slice) else [self[index]]
        super().__delitem__(index)
        for value in removed:
            self._untrack(value)


class _TrackedMapping:
    """What the two tracked dicts share."""

    tracker: Tracker | None

    def _track(self, value: Any) -> Any:
        return self.tracker.track(value) if self.tracker else value

    def _untrack(self, value: Any) -> None:
        if self.tracker:
            self.tracker.untrack(value)

    def __setitem__(self, key: Any, value: Any) -> None:
        super().__setitem__(key, self._track(value))  # type: ignore[misc]

    def update(self, *args: Any, **kwargs: Any) -> None:
        """Add the entries of a mapping."""
        for key, value in dict(*args, **kwargs).items():
            self[key] = value

    def setdefault(self, key: Any, default: Any = None) -> Any:
        """The entry `key`, made if it is missing."""
        if key not in self:  # type: ignore[operator]
            self[key] = default
        return self[key]  # type: ignore[index]

    def pop(self, key: Any, *default: Any) -> Any:
        """Remove and return an entry."""
        if len(default) > 1:
            raise TypeError(f"pop expected at most 2 arguments, got {1 + len(default)}")
        present = key in self  # type: ignore[operator]
        value = super().pop(key, *default)  # type: ignore[misc]
        if present:
            self._untrack(value)
        return value

    def popitem(self, *args: Any, **kwargs: Any) -> Any:
        """Remove and return the last entry."""
        key, value = super().popitem(*args, **kwargs)  # type: ignore[misc]
        self._untrack(value)
        return key, value

    def clear(self) -> None:
        """Remove all entries."""
        for value in self.values():  # type: ignore[attr-defined]
            self._untrack(value)
        super().clear()  # type: ignore[misc]


class TrackedDict(_TrackedMapping, dict[Any, Any]):
    """A dict that reports its values to a tracker."""

    def __init__(self, values: Any = None, tracker: Tracker | None = None) -> None:
        self.tracker = tracker
        dict.__init__(self)
        for key, value in dict(values or {}).items():
            self[key] = value


class TrackedOrderedDict(_TrackedMapping, OrderedDict[Any, Any]):
    """An `OrderedDict` that reports its values to a tracker."""

    def __init__(self, values: Any = None, tracker: Tracker | None = None) -> None:
        self.tracker = tracker
        OrderedDict.__init__(self)
        for key, value in OrderedDict(values or {}).items():
            self[key] = value


class TrackedSet(set[Any]):
    """A set that reports its members to a tracker."""

    def __init__(
        self, values: Iterable[Any] | None = None, tracker: Tracker | None = None
    ) -> None:
        self.tracker = tracker
        values = list(values or [])
        super().__init__({tracker.track(v) for v in values} if tracker else values)

    def _untrack(self, value: Any) -> None:
        if self.tracker:
            self.tracker.untrack(value)

    def add(self, value: Any) -> None:
        """Add a member."""
        super().add(self.tracker.track(value) if self.tracker else value)

    def update(self, *others: Iterable[Any]) -> None:
        """Add members."""
        for values in others:
            for value in values:
                self.add(value)

    def remove(self, value: Any) -> None:
        """Remove a member."""
        self._untrack(value)
        super().remove(value)

    def pop(self) -> Any:
        """Remove and return some member."""
        value = super().pop()
        self._untrack(value)
        return value

    def clear(self) -> None:
        """Remove all members."""
        for value in self:
            self._untrack(value)
        super().clear()
