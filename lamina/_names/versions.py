"""Public names of tf.version, and the version of Keras."""

NAMES: dict[str, tuple[str, ...]] = {
    "lamina.version": (
        "keras.__version__ @ KERAS_VERSION",
        "version.COMPILER_VERSION __compiler_version__",
        "version.GIT_VERSION __git_version__",
        "version.GRAPH_DEF_VERSION",
        "version.GRAPH_DEF_VERSION_MIN_CONSUMER",
        "version.GRAPH_DEF_VERSION_MIN_PRODUCER",
        "version.VERSION",
    ),
}
