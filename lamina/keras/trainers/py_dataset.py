"""``PyDataset``: batches computed by Python code, by index."""

from __future__ import annotations

import concurrent.futures
from collections.abc import Iterator
from typing import Any

from lamina.engine.errors import message


class PyDataset:
    """A sequence of batches.

    Subclasses define ``__getitem__(index)``, which returns a batch ``(inputs,
    targets)`` or ``(inputs, targets, sample_weights)``, and usually ``__len__`` or
    ``num_batches``.

    Args:
        workers: how many threads compute batches ahead.
        use_multiprocessing: accepted for compatibility; threads are used, since
            arrays would have to be copied between processes.
        max_queue_size: how many batches are computed ahead at most.

    Reference: ``keras.utils.PyDataset`` (and ``keras.utils.Sequence``).
    """

    def __init__(
        self,
        workers: int = 1,
        use_multiprocessing: bool = False,
        max_queue_size: int = 10,
    ) -> None:
        self.workers = workers
        self.use_multiprocessing = use_multiprocessing
        self.max_queue_size = max_queue_size

    workers: int = 1
    use_multiprocessing: bool = False
    max_queue_size: int = 10

    def __getitem__(self, index: int) -> Any:
        """The batch at ``index``."""
        raise NotImplementedError(
            message(
                type(self).__name__,
                expected="a __getitem__(self, index) that returns a batch",
                received="a subclass of PyDataset without it",
            )
        )

    @property
    def num_batches(self) -> int | None:
        """The number of batches in an epoch; None if there is no end."""
        if hasattr(self, "__len__"):
            return len(self)
        raise NotImplementedError(
            "You need to implement the `num_batches` property:\n\n@property\ndef "
            "num_batches(self):\n  return ..."
        )

    def on_epoch_begin(self) -> None:
        """Called at the start of every epoch."""

    def on_epoch_end(self) -> None:
        """Called at the end of every epoch."""

    def batches(self, order: Any) -> Iterator[Any]:
        """The batches at the indices of ``order``, computed ahead by the workers."""
        if self.workers <= 1:
            for index in order:
                yield self[index]
            return
        with concurrent.futures.ThreadPoolExecutor(self.workers) as pool:
            waiting: list[Any] = []
            for index in order:
                waiting.append(pool.submit(self.__getitem__, index))
                if len(waiting) >= max(self.max_queue_size, 1):
                    yield waiting.pop(0).result()
            while waiting:
                yield waiting.pop(0).result()


Sequence = PyDataset
