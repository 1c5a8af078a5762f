"""Public names of the engine."""

NAMES: dict[str, tuple[str, ...]] = {
    "lamina.engine.nest": (
        "nest.assert_same_structure",
        "nest.flatten",
        "nest.is_nested",
        "nest.map_structure",
        "nest.pack_sequence_as",
    ),
    "lamina.engine.shapes": ("TensorShape",),
    "lamina.version": (
        "version.COMPILER_VERSION __compiler_version__",
        "version.GIT_VERSION __git_version__",
        "version.GRAPH_DEF_VERSION",
        "version.GRAPH_DEF_VERSION_MIN_CONSUMER",
        "version.GRAPH_DEF_VERSION_MIN_PRODUCER",
        "version.VERSION",
    ),
}
