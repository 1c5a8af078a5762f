"""Lamina timed beside TensorFlow's Keras, Keras on JAX, and PyTorch, in one run.

    make bench                                  everything, into docs/benchmarks.md
    make bench ARGS="--only mlp.fit,eager"      some rows, printed
    make bench ARGS="--quick"                   every row once and short, printed
    make bench ARGS="--device gpu"              the rows for a GPU, printed

Each implementation lives in worker processes of its own, which are fed over pipes. In
every round each implementation is measured once, one after the other, so that a change
of the machine's mood meets all of them; medians over the rounds are compared. All do
the same number of steps in a row of the table: at least 64 steps or one second of the
fastest, less where the slowest would need too long.

For a GPU, `benchmarks/requirements-gpu.txt` replaces `requirements.txt`:

    python tools/setup_env.py .venv-gpu --requirement benchmarks/requirements-gpu.txt
    .venv-gpu/bin/pip install --editable .
    .venv-gpu/bin/python -m benchmarks --device gpu
"""
