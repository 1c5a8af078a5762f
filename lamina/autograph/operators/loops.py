"""The ``while`` and ``for`` statements."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from lamina.autograph.operators.branches import if_stmt
from lamina.autograph.operators.iteration import Enumerated, NumberRange, Zipped
from lamina.autograph.operators.streams import for_stream, is_stream
from lamina.autograph.staging import conditional, loops, predicates
from lamina.autograph.staging.carry import ShapeChanged
from lamina.autograph.staging.values import first_size
from lamina.engine.kernel import Kernel, execute
from lamina.engine.tensor import Tensor, convert_to_tensor, is_tensor
from lamina.engine.trace import capture, is_tracing

State = tuple[Any, ...]


class LoopBlock:
    """The pieces of one converted loop.

    Args:
        body: one iteration; it takes the element in a ``for`` loop.
        get_state: gives the values of the variables that the loop assigns.
        set_state: sets them.
        names: their names.
        options: what ``set_loop_options`` and the loop's head say.
    """

    def __init__(
        self,
        body: Callable[..., None],
        get_state: Callable[[], State],
        set_state: Callable[[State], None],
        names: tuple[str, ...],
        options: dict[str, Any],
    ) -> None:
        self.body = body
        self.get_state = get_state
        self.set_state = set_state
        self.names = names
        self.options = options

    def invariants(self) -> list[Any] | None:
        """The shape invariant of each variable, as ``set_loop_options`` gave them."""
        pairs = self.options.get("shape_invariants")
        if not pairs:
            return None
        known = {id(value): shape for value, shape in pairs}
        return [known.get(id(value)) for value in self.get_state()]

    def stage(self, run: Callable[[State], State]) -> None:
        """Replaces the variables by what ``run`` makes of them."""
        before = self.get_state()
        try:
            after = run(before)
        except BaseException:
            self.set_state(before)
            raise
        self.set_state(after)

    def step(self, state: State, *elements: Any) -> State:
        """One iteration as a function of the state."""
        self.set_state(state)
        self.body(*elements)
        return self.get_state()


def while_stmt(
    test: Callable[[], Any],
    body: Callable[[], None],
    get_state: Callable[[], State],
    set_state: Callable[[State], None],
    names: tuple[str, ...],
    options: dict[str, Any],
) -> None:
    """Runs a loop, or stages it from where its test gives a tensor in a trace."""
    block = LoopBlock(body, get_state, set_state, names, options)
    value = _first_test(test) if is_tracing() else test()
    unrolled = False
    while True:
        if is_tracing() and is_tensor(value):
            known = not predicates.is_staged(value)
            if not (known and unrolled):
                try:
                    _stage_while(test, block)
                    return
                except ShapeChanged:
                    # Shapes may change where the test is known while tracing.
                    if not known:
                        raise
                    unrolled = True
        if not value:
            return
        body()
        value = test()


def _first_test(test: Callable[[], Any]) -> Any:
    """The value of the test; what it computes is left out of the program."""
    found: list[Any] = []

    def run() -> list[Tensor]:
        found.append(test())
        return []

    capture(run, ())
    return found[0]


def _stage_while(test: Callable[[], Any], block: LoopBlock) -> None:
    def check(*state: Any) -> Any:
        block.set_state(state)
        return test()

    def run(state: State) -> State:
        return loops.while_loop(
            check,
            lambda *now: block.step(now),
            state,
            block.names,
            maximum_iterations=block.options.get("maximum_iterations"),
            invariants=block.invariants(),
        )

    block.stage(run)


def for_stmt(
    iterated: Any,
    extra_test: Callable[[], Any] | None,
    body: Callable[[Any], None],
    get_state: Callable[[], State],
    set_state: Callable[[State], None],
    names: tuple[str, ...],
    options: dict[str, Any],
) -> None:
    """Runs a loop over a Python iterable, or stages one over a tensor or range.

    Args:
        iterated: what to iterate over.
        extra_test: None, or what must hold for the loop to go on (from ``break`` and
            ``return``).
        body: one iteration.
        get_state: gives the values of the variables that the loop assigns.
        set_state: sets them.
        names: their names.
        options: what ``set_loop_options`` says, and the name of the element.
    """
    block = LoopBlock(body, get_state, set_state, names, options)
    hook = getattr(type(iterated), "__autograph_for__", None)
    if hook is not None:
        hook(iterated, extra_test, body, get_state, set_state, names, options)
    elif is_tracing() and is_stream(iterated):
        block.stage(
            lambda before: for_stream(
                iterated,
                extra_test,
                block.step,
                before,
                set_state,
                names,
                options.get("maximum_iterations"),
            )
        )
    elif is_tracing() and isinstance(iterated, NumberRange):
        _stage_range(iterated, extra_test, block)
    elif is_tracing() and _elements(iterated) is not None:
        _stage_elements(iterated, extra_test, block)
    else:
        _python_for(iterated, extra_test, block)


def _elements(iterated: Any) -> list[Tensor] | None:
    """The tensors whose slices a loop takes, or None if it is a Python loop."""
    if isinstance(iterated, (Enumerated, Zipped)):
        return iterated.tensors()
    if isinstance(iterated, Tensor) or is_tensor(iterated):
        tensor = convert_to_tensor(iterated)
        return None if tensor._value.dtype == object else [tensor]
    return None


def _python_for(
    iterated: Iterable[Any], extra_test: Callable[[], Any] | None, block: LoopBlock
) -> None:
    if extra_test is None:
        for element in iterated:
            block.body(element)
        return
    for element in iterated:
        going = extra_test()
        if predicates.is_staged(going):
            # A break that depends on a tensor: each further round is a branch.
            def body(element: Any = element) -> None:
                block.body(element)

            _guarded(going, body, block)
        elif going:
            block.body(element)
        else:
            return


def _guarded(going: Any, body: Callable[[], None], block: LoopBlock) -> None:
    if_stmt(
        going,
        body,
        lambda: None,
        block.get_state,
        block.set_state,
        block.names,
        len(block.names),
    )


def _stage_elements(
    iterated: Any, extra_test: Callable[[], Any] | None, block: LoopBlock
) -> None:
    tensors = _elements(iterated)
    assert tensors is not None
    if not tensors[0].ndim:
        raise TypeError(
            "Cannot iterate over a scalar tensor: the for loop needs a tensor of rank "
            "1 or more. Use tf.range(n) to count."
        )
    length = first_size(tensors[0])
    limit = block.options.get("maximum_iterations")
    if limit is not None:
        length = min(length, int(limit))
        tensors = [_head(each, length) for each in tensors]
    if length == 0:
        return
    pack = getattr(iterated, "pack", lambda parts: parts[0])

    def step(*args: Any) -> State:
        count = len(block.names)
        element = pack(args[count:])
        return _one(args[:count], element, extra_test, block)

    def run(state: State) -> State:
        state = _settled(state, tensors, pack, extra_test, block)
        return loops.scan(step, state, tensors, block.names, length=length)[0]

    block.stage(run)


def _settled(
    state: State, tensors: Any, pack: Any, extra_test: Any, block: LoopBlock
) -> State:
    """Where a loop may stop early, values for what it assigns before reading."""
    if extra_test is None:
        return state
    return loops.first_values(
        lambda *args: block.step(
            args[: len(block.names)], pack(args[len(block.names) :])
        ),
        state,
        tensors,
        block.names,
    )


def _one(
    state: State, element: Any, extra_test: Callable[[], Any] | None, block: LoopBlock
) -> State:
    if extra_test is None:
        return block.step(state, element)
    block.set_state(state)
    going = extra_test()
    if not predicates.is_staged(going):
        return block.step(state, element) if going else state
    result: State = conditional.cond(
        predicates.scalar(going, "for loop"),
        lambda: block.step(state, element),
        lambda: state,
        where="a for loop",
        names=block.names,
    )
    return result


def _head(tensor: Tensor, length: int) -> Tensor:
    kernel = Kernel("tf.Tensor.__getitem__", lambda x: x[:length])
    head: Tensor = execute(kernel, [tensor])
    return head


def _stage_range(
    numbers: NumberRange, extra_test: Callable[[], Any] | None, block: LoopBlock
) -> None:
    """Counts to a number that is known at run time only."""

    def check(at: Tensor, *state: Any) -> Any:
        more = numbers.contains(at)
        if extra_test is None:
            return more
        block.set_state(state)
        going = extra_test()
        if not predicates.is_staged(going):
            return more if going else False
        return conditional.select(more, lambda: going, lambda: more)

    def step(at: Tensor, *state: Any) -> State:
        return (numbers.after(at), *block.step(state, at))

    def run(state: State) -> State:
        invariants = block.invariants()
        after = loops.while_loop(
            check,
            step,
            (numbers.start, *state),
            ("the loop's number", *block.names),
            maximum_iterations=block.options.get("maximum_iterations"),
            invariants=None if invariants is None else [None, *invariants],
        )
        return after[1:]

    block.stage(run)
