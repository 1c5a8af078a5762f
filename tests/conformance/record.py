"""Asks real TensorFlow and Keras, and writes down what they answer.

    python -m tests.conformance.record [--into FOLDER] [GROUP ...]

runs in the oracle's environment (`make record`, `make conformance`). A case that fails
under the oracle is reported, and nothing is recorded for it.
"""

import argparse
import importlib.metadata
import os
import sys
import traceback
import warnings
from pathlib import Path
from typing import Any

from tests.conformance.execute import groups, questions
from tests.conformance.store import RECORDED, Answers, save

PACKAGES = ("tensorflow_cpu", "keras", "tf_keras", "numpy", "ml_dtypes")


def oracle() -> Any:
    """Real TensorFlow, quiet and on the CPU."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
    warnings.simplefilter("ignore")
    import tensorflow

    if hasattr(tensorflow, "__lamina__"):
        raise SystemExit("the oracle must be real TensorFlow, not Lamina's shim")
    tensorflow.get_logger().setLevel("ERROR")
    return tensorflow


def record_group(tf: Any, group: str) -> tuple[Answers, list[str]]:
    """A group's answers, and a report on each case that failed."""
    versions = {name: importlib.metadata.version(name) for name in PACKAGES}
    answers = Answers(versions=versions)
    failures = []
    for question in questions([group]):
        try:
            answers.answers[question.id] = question.ask(tf)
            answers.digests[question.id] = question.digest
        except Exception:
            failures.append(f"{question.id}\n{traceback.format_exc(limit=-4)}")
    return answers, failures


def main() -> int:
    """Records the groups named on the command line, or all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("groups", nargs="*", default=None)
    parser.add_argument("--into", type=Path, default=RECORDED)
    options = parser.parse_args()
    tf = oracle()
    failed = 0
    for group in options.groups or groups():
        answers, failures = record_group(tf, group)
        path = save(options.into, group, answers)
        size = path.stat().st_size
        print(f"{group}: {len(answers.answers)} answers, {size:,} bytes", flush=True)
        for failure in failures:
            failed += 1
            print(f"the oracle failed: {failure}", file=sys.stderr)
    if failed:
        print(f"{failed} cases failed under the oracle", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
