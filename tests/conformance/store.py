"""The recorded answers: one compressed file a group, without pickle.

`answers/<group>.npz` holds two byte arrays: `index`, JSON with the versions that gave
the answers and every case's packed answer and input digest, and `data`, the bytes of
all arrays one after another.
"""

import io
import json
import os
import zipfile
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from tests.conformance.values import Node, pack, unpack

RECORDED = Path(__file__).parent / "answers"
ANSWERS = Path(os.environ.get("LAMINA_ANSWERS", RECORDED)).resolve()


@dataclass
class Answers:
    """A group's answers by case id, with digests of what was asked."""

    versions: dict[str, str] = field(default_factory=dict)
    answers: dict[str, Node] = field(default_factory=dict)
    digests: dict[str, str] = field(default_factory=dict)


def save(folder: Path, group: str, answers: Answers) -> Path:
    """Writes a group's file; the same answers give the same bytes."""
    blob = bytearray()
    cases = {
        name: {"answer": pack(node, blob), "digest": answers.digests[name]}
        for name, node in sorted(answers.answers.items())
    }
    index = json.dumps(
        {"versions": answers.versions, "cases": cases},
        sort_keys=True,
        separators=(",", ":"),
    ).encode()
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{group}.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, data in (("index", index), ("data", bytes(blob))):
            member = io.BytesIO()
            np.save(member, np.frombuffer(data, np.uint8), allow_pickle=False)
            entry = zipfile.ZipInfo(f"{name}.npy", (1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, member.getvalue())
    return path


def load(folder: Path, group: str) -> Answers:
    """Reads a group's file; an absent one gives no answers."""
    path = folder / f"{group}.npz"
    if not path.exists():
        return Answers()
    with np.load(path, allow_pickle=False) as archive:
        index = json.loads(archive["index"].tobytes())
        blob = archive["data"].tobytes()
    cases = index["cases"]
    return Answers(
        versions=index["versions"],
        answers={name: unpack(item["answer"], blob) for name, item in cases.items()},
        digests={name: item["digest"] for name, item in cases.items()},
    )
