"""Lamina timed beside TensorFlow's Keras, Keras on JAX, and PyTorch, in one run.

    make bench                                  all of it, written to docs/benchmarks.md
    make bench ARGS="--only mlp.fit"            some of it, printed

Each implementation lives in worker processes of its own, which are fed over pipes. In
every round each implementation is measured once, one after the other, so that a change
of the machine's mood meets all of them; medians over the rounds are compared.
"""
