"""Public names of tf.random."""

NAMES: dict[str, tuple[str, ...]] = {
    "lamina.engine.random_state": ("random.set_seed",),
    "lamina.ops.random.stateful": (
        "random.uniform",
        "random.normal",
        "random.truncated_normal",
        "random.categorical",
        "random.shuffle",
        "random.gamma",
        "random.poisson",
    ),
    "lamina.ops.random.stateless": (
        "random.stateless_uniform",
        "random.stateless_normal",
        "random.stateless_truncated_normal",
        "random.stateless_parameterized_truncated_normal",
        "random.stateless_categorical",
    ),
    "lamina.ops.random.counts": (
        "random.stateless_gamma",
        "random.stateless_poisson",
        "random.stateless_binomial",
    ),
    "lamina.ops.random.keys": (
        "random.split random.experimental.stateless_split",
        "random.fold_in random.experimental.stateless_fold_in",
        "random.experimental.stateless_shuffle",
    ),
    "lamina.ops.random.algorithms": ("random.Algorithm random.experimental.Algorithm",),
    "lamina.ops.random.generator": (
        "random.Generator random.experimental.Generator",
        "random.create_rng_state random.experimental.create_rng_state",
        "random.get_global_generator random.experimental.get_global_generator",
        "random.set_global_generator random.experimental.set_global_generator",
    ),
}
