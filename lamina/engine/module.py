"""``tf.Module``: an object that finds the variables and modules in its attributes."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, ClassVar, TypeVar

from lamina.engine import nest
from lamina.engine.errors import message
from lamina.engine.system.scope import name_scope
from lamina.engine.variable import Variable

_WORD_START = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<!^)(?=[A-Z][a-z])")

F = TypeVar("F", bound=Callable[..., Any])
Path = tuple[Any, ...]


class Module:
    """A named container of variables and of other modules.

    Variables and modules are found in the attributes, also inside lists, tuples and
    mappings, in the sorted order of the attributes' names.

    Args:
        name: a Python identifier; the class's name in snake case if None.

    Raises:
        ValueError: the name is not an identifier.

    Example:
        >>> import lamina as tf
        >>> class Scale(tf.Module):
        ...     def __init__(self):
        ...         super().__init__()
        ...         self.factor = tf.Variable(2.0)
        >>> len(Scale().trainable_variables)
        1

    Reference: ``tf.Module``.
    """

    _TF_MODULE_IGNORED_PROPERTIES: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, name: str | None = None) -> None:
        if name is None:
            name = snake_case(type(self).__name__)
        if not name.isidentifier():
            raise ValueError(
                message(
                    f"tf.Module ({type(self).__name__})",
                    expected="a name that is a valid Python identifier",
                    received=f"{name!r} is not a valid module name",
                    hint="Use letters, digits and underscores, no digit first.",
                )
            )
        self._name = name
        with name_scope(name) as scope_name:
            self._name_scope = name_scope(scope_name)

    @property
    def name(self) -> str:
        """The name, without the scopes around it."""
        return self._name

    @property
    def name_scope(self) -> name_scope:
        """The scope of the module's name, to be entered with ``with``."""
        return self._name_scope

    @property
    def variables(self) -> Sequence[Variable]:
        """All variables of this module and its submodules."""
        return tuple(self._flatten(predicate=_is_variable, expand_composites=True))

    @property
    def trainable_variables(self) -> Sequence[Variable]:
        """The variables that tapes watch."""
        return tuple(variable for variable in self.variables if variable.trainable)

    @property
    def non_trainable_variables(self) -> Sequence[Variable]:
        """The variables that tapes do not watch."""
        return tuple(variable for variable in self.variables if not variable.trainable)

    @property
    def submodules(self) -> Sequence[Module]:
        """All modules below this one, at any depth."""
        return tuple(self._flatten(predicate=_is_module))

    @classmethod
    def with_name_scope(cls, method: F) -> F:
        """A decorator: the method runs inside the module's name scope.

        Args:
            method: a method of a module.

        Returns:
            The method, wrapped.
        """

        @functools.wraps(method)
        def wrapped(self: Module, *args: Any, **kwargs: Any) -> Any:
            with self.name_scope:
                return method(self, *args, **kwargs)

        return wrapped  # type: ignore[return-value]

    def _flatten(
        self,
        recursive: bool = True,
        predicate: Callable[[Any], bool] | None = None,
        attribute_traversal_key: Callable[[str], Any] | None = None,
        with_path: bool = False,
        expand_composites: bool = False,
    ) -> Iterator[Any]:
        """The values in the attributes, each once.

        Args:
            recursive: whether the attributes of submodules are visited too.
            predicate: which values are wanted; all if None.
            attribute_traversal_key: the sort key of attribute names.
            with_path: whether pairs of path and value are given. A path has attribute
                names, indices and keys.
            expand_composites: whether composite tensors are taken apart.

        Returns:
            The values of this module first, then those of its submodules.
        """
        walk = _Walk(
            recursive, predicate, attribute_traversal_key, with_path, expand_composites
        )
        return walk.module(self, (), {id(self)})


class _Walk:
    """One traversal of modules, with its options."""

    def __init__(
        self,
        recursive: bool,
        predicate: Callable[[Any], bool] | None,
        key: Callable[[str], Any] | None,
        with_path: bool,
        expand_composites: bool,
    ) -> None:
        self._recursive = recursive
        self._predicate = predicate or (lambda _: True)
        self._key = key
        self._with_path = with_path
        self._expand = expand_composites

    def module(self, module: Module, path: Path, seen: set[int]) -> Iterator[Any]:
        """The wanted values in a module, then those in its submodules."""
        below: list[tuple[Path, Module]] = []
        ignored = module._TF_MODULE_IGNORED_PROPERTIES
        for attribute in sorted(vars(module), key=self._key):
            if attribute in ignored:
                continue
            for inner, leaf in self._leaves(module, attribute):
                if id(leaf) in seen:
                    continue
                seen.add(id(leaf))
                if self._predicate(leaf):
                    yield self._result((*path, *inner), leaf)
                if self._recursive and _is_module(leaf):
                    below.append(((*path, *inner), leaf))
        for inner_path, submodule in below:
            yield from self.module(submodule, inner_path, seen)

    def _leaves(self, module: Module, attribute: str) -> list[tuple[Path, Any]]:
        value = vars(module)[attribute]
        if not nest.is_nested(value) and not self._expand:
            return [((attribute,), value)]
        try:
            found = nest.flatten_with_paths(value, self._expand)
        except TypeError as error:
            raise ValueError(
                message(
                    f"tf.Module ({type(module).__name__})",
                    expected="attributes that are nested structures",
                    received=f"Error processing property {attribute!r} of {module!r}: "
                    f"{error}",
                    hint="Use dictionary keys of one sortable type, or name the "
                    "attribute in _TF_MODULE_IGNORED_PROPERTIES.",
                )
            ) from error
        return [((attribute, *inner), leaf) for inner, leaf in found]

    def _result(self, path: Path, leaf: Any) -> Any:
        return (path, leaf) if self._with_path else leaf


def snake_case(name: str) -> str:
    """``CamelCase`` as ``camel_case``."""
    return _WORD_START.sub("_", name).lower()


def _is_variable(value: Any) -> bool:
    return isinstance(value, Variable)


def _is_module(value: Any) -> bool:
    return isinstance(value, Module)
