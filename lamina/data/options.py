"""Constants and options of `tf.data`."""

from __future__ import annotations

import enum
from typing import Any

AUTOTUNE = -1
INFINITE_CARDINALITY = -1
UNKNOWN_CARDINALITY = -2


class AutoShardPolicy(enum.IntEnum):
    """How a strategy divides a data set among workers.

    Reference: `tf.data.experimental.AutoShardPolicy`.
    """

    OFF = -1
    AUTO = 0
    FILE = 1
    DATA = 2
    HINT = 3


class _Group:
    """A group of settings: attributes that are None until they are set."""

    _names: tuple[str, ...] = ()

    def __init__(self) -> None:
        for name in self._names:
            object.__setattr__(self, name, None)

    def __setattr__(self, name: str, value: Any) -> None:
        if name not in self._names:
            raise AttributeError(
                f"tf.data.{type(self).__name__}: Cannot set the property {name}. It "
                f"has {', '.join(self._names)}."
            )
        object.__setattr__(self, name, value)

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.__dict__ == other.__dict__

    def __hash__(self) -> int:
        return hash(tuple(map(str, self.__dict__.items())))


class ThreadingOptions(_Group):
    """Settings of the threads of a pipeline.

    `private_threadpool_size` is the number of threads that a `map` of plain Python
    functions uses. XLA has its own threads.

    Reference: `tf.data.ThreadingOptions`.
    """

    _names = ("max_intra_op_parallelism", "private_threadpool_size")


class AutotuneOptions(_Group):
    """Settings of TensorFlow's tuner; pipelines here have nothing to tune.

    Reference: `tf.data.experimental.AutotuneOptions`.
    """

    _names = (
        "autotune_algorithm",
        "cpu_budget",
        "enabled",
        "initial_parallelism",
        "min_parallelism",
        "ram_budget",
    )


class DistributeOptions(_Group):
    """How a strategy divides a data set.

    Reference: `tf.data.experimental.DistributeOptions`.
    """

    _names = ("auto_shard_policy", "num_devices")

    def __init__(self) -> None:
        super().__init__()
        self.auto_shard_policy = AutoShardPolicy.AUTO


class OptimizationOptions(_Group):
    """Settings of TensorFlow's graph rewriter; fusing is always on here.

    Reference: `tf.data.experimental.OptimizationOptions`.
    """

    _names = (
        "apply_default_optimizations",
        "filter_fusion",
        "filter_parallelization",
        "inject_prefetch",
        "map_and_batch_fusion",
        "map_and_filter_fusion",
        "map_fusion",
        "map_parallelization",
        "noop_elimination",
        "parallel_batch",
        "seq_interleave_prefetch",
        "shuffle_and_repeat_fusion",
        "warm_start",
    )


class Options(_Group):
    """Options of a data set, for `Dataset.with_options`.

    They tell TensorFlow's runtime how to schedule. Here the order of elements is
    always deterministic and fusing always on, so most of them only travel along.

    Example:
        >>> options = tf.data.Options()
        >>> options.deterministic = True
        >>> tf.data.Dataset.range(2).with_options(options).options().deterministic
        True

    Reference: `tf.data.Options`.
    """

    _names = (
        "autotune",
        "dataset_name",
        "deterministic",
        "experimental_deterministic",
        "experimental_distribute",
        "experimental_external_state_policy",
        "experimental_optimization",
        "experimental_slack",
        "experimental_symbolic_checkpoint",
        "experimental_threading",
        "experimental_warm_start",
        "framework_type",
        "threading",
    )

    def __init__(self) -> None:
        super().__init__()
        self.autotune = AutotuneOptions()
        self.threading = ThreadingOptions()
        self.experimental_threading = self.threading
        self.experimental_distribute = DistributeOptions()
        self.experimental_optimization = OptimizationOptions()

    def merge(self, options: Options) -> Options:
        """These options, with those that are set in `options` on top."""
        merged = Options()
        for source in (self, options):
            for name in self._names:
                value = getattr(source, name)
                if isinstance(value, _Group):
                    for key, setting in value.__dict__.items():
                        if setting is not None:
                            setattr(getattr(merged, name), key, setting)
                elif value is not None:
                    setattr(merged, name, value)
        return merged
