"""Compares answers that were just given with the recorded ones, answer by answer.

    python -m tests.conformance.compare FOLDER

It fails if the oracle now answers differently, or if either side lacks an answer.
"""

import sys
from pathlib import Path

from tests.conformance.execute import groups, questions
from tests.conformance.store import RECORDED, load
from tests.conformance.values import differences


def compare(live_folder: Path) -> tuple[int, list[str]]:
    """The number of equal answers, and a line for each that is not."""
    equal, found = 0, []
    tolerances = {q.id: q.tolerance for q in questions()}
    for group in groups():
        recorded, live = load(RECORDED, group), load(live_folder, group)
        for name in sorted(recorded.answers.keys() ^ live.answers.keys()):
            side = "recorded" if name in recorded.answers else "live"
            found.append(f"{name}: only the {side} side has an answer")
        for name in sorted(recorded.answers.keys() & live.answers.keys()):
            pair = recorded.answers[name], live.answers[name]
            lines = differences(*pair, tolerances.get(name))
            if recorded.digests[name] != live.digests[name]:
                lines.append("the inputs differ from the recorded ones")
            found += [f"{name}: {line}" for line in lines]
            equal += not lines
    return equal, found


def main() -> int:
    """Compares the folder named on the command line with the recorded answers."""
    equal, found = compare(Path(sys.argv[1]))
    print("\n".join(found))
    print(f"{equal} live answers equal the recorded ones, {len(found)} differences")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
