"""Opening files of strangers, and replacing files of one's own, safely.

Every reader of zip and HDF5 files goes through here. What a file can make us do is
bounded: no links, no external data, no paths outside, no sizes that the file cannot
hold. Every writer writes to a temporary name in the same folder and renames.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from lamina.engine.errors import message

MAX_CONFIG_BYTES = 256 << 20
MAX_EXPANSION = 4096  # declared bytes per stored byte of a compressed data set
MAX_PLAIN_BYTES = 64 << 20  # below this, expansion is not checked


class UnreadableFile(ValueError, OSError):
    """A file is damaged, unsafe, or of another format than expected."""

    @classmethod
    def of(cls, path: Any, expected: str, received: str, hint: str = "") -> Any:
        """The error with the four-part message."""
        name = f"keras.saving (file {str(path)!r})"
        text = message(name, expected=expected, received=received, hint=hint)
        return cls(text)


@contextlib.contextmanager
def replacing(filepath: Any, overwrite: bool = True) -> Iterator[str]:
    """Gives a temporary name; it replaces ``filepath`` if the block succeeds.

    Raises:
        FileExistsError: if the file exists and may not be replaced.
        FileNotFoundError: if the folder does not exist.
    """
    path = os.fspath(filepath)
    if os.path.exists(path) and not overwrite:
        raise FileExistsError(
            f"keras.saving: {path!r} exists already and overwrite=False. Choose "
            "another name, or pass overwrite=True."
        )
    folder = os.path.dirname(os.path.abspath(path))
    if not os.path.isdir(folder):
        raise FileNotFoundError(
            f"keras.saving: the folder {folder!r} does not exist. Create it first "
            "(os.makedirs)."
        )
    handle, temporary = tempfile.mkstemp(
        prefix=f".{os.path.basename(path)}.", suffix=".part", dir=folder
    )
    os.close(handle)
    try:
        yield temporary
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(temporary, 0o666 & ~mask)
        os.replace(temporary, path)
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)


def existing_file(filepath: Any) -> str:
    """The path, if a file is there.

    Raises:
        ValueError: (also an OSError) if there is no such file.
    """
    path = os.fspath(filepath)
    if not os.path.isfile(path):
        found = "a folder" if os.path.isdir(path) else "nothing"
        raise UnreadableFile.of(
            path,
            "a file",
            found,
            "File not found: check the path; a folder is a SavedModel, not a Keras "
            "file.",
        )
    return path


@contextlib.contextmanager
def open_zip(filepath: Any) -> Iterator[zipfile.ZipFile]:
    """Opens a zip archive whose members' names and sizes are harmless."""
    path = existing_file(filepath)
    try:
        archive = zipfile.ZipFile(path)
    except zipfile.BadZipFile as error:
        raise UnreadableFile.of(
            path,
            "a .keras archive (a zip file)",
            f"{_kind_of(path)} ({error})",
            "The file is damaged or of another format.",
        ) from None
    with archive:
        for info in archive.infolist():
            parts = Path(info.filename.replace("\\", "/")).parts
            if info.filename.startswith("/") or ".." in parts:
                raise UnreadableFile.of(
                    path,
                    "member names inside the archive",
                    f"the member {info.filename!r}",
                    "The archive tries to reach outside of itself; do not use it.",
                )
            plain = max(info.compress_size, 1) * MAX_EXPANSION
            if info.file_size > max(plain, MAX_PLAIN_BYTES):
                raise UnreadableFile.of(
                    path,
                    "members of a plausible size",
                    f"{info.filename!r}: {info.compress_size} bytes that would expand "
                    f"to {info.file_size}",
                    "This looks like a decompression bomb; do not use it.",
                )
        yield archive


def read_member(archive: zipfile.ZipFile, name: str, path: Any) -> bytes:
    """The bytes of a text member of an archive."""
    try:
        info = archive.getinfo(name)
        if info.file_size > MAX_CONFIG_BYTES:
            raise UnreadableFile.of(
                path, f"{name} of at most {MAX_CONFIG_BYTES} bytes", str(info.file_size)
            )
        return archive.read(info)
    except KeyError:
        raise UnreadableFile.of(
            path,
            f"a .keras archive with the member {name!r}",
            f"members {archive.namelist()[:8]}",
        ) from None
    except (zipfile.BadZipFile, EOFError, OSError) as error:
        raise UnreadableFile.of(path, f"a readable {name!r}", str(error)) from None


@contextlib.contextmanager
def open_hdf5(source: Any, path: Any) -> Iterator[h5py.File]:
    """Opens an HDF5 file that holds nothing but plain data.

    Args:
        source: a path or a binary file object.
        path: the name for messages.
    """
    try:
        file = h5py.File(source, "r")
    except (OSError, ValueError) as error:
        kind = _kind_of(path) if isinstance(source, str) else "other data"
        raise UnreadableFile.of(
            path,
            "an HDF5 file",
            f"{kind} ({error})",
            "The file is damaged, cut short or of another format.",
        ) from None
    with file:
        try:
            _check_group(file, path, 0)
        except (RuntimeError, KeyError, OSError) as error:
            if isinstance(error, UnreadableFile):
                raise
            raise UnreadableFile.of(path, "a sound HDF5 file", str(error)) from None
        yield file


def _check_group(group: Any, path: Any, depth: int) -> None:
    if depth > 64:
        raise UnreadableFile.of(path, "at most 64 nested groups", "more")
    for name in group:
        link = group.get(name, getlink=True)
        if not isinstance(link, h5py.HardLink):
            raise UnreadableFile.of(
                path,
                "data inside the file",
                f"the link {group.name}/{name} ({type(link).__name__})",
                "Links can read other files of this machine; the file is refused.",
            )
        item = group[name]
        if isinstance(item, h5py.Group):
            _check_group(item, path, depth + 1)
        elif isinstance(item, h5py.Dataset):
            _check_dataset(item, path)


def _check_dataset(data: Any, path: Any) -> None:
    if data.external or data.is_virtual:
        raise UnreadableFile.of(
            path,
            "data inside the file",
            f"the data set {data.name} that reads other files",
            "The file is refused.",
        )
    declared = int(np.prod(data.shape or (), dtype=object)) * data.dtype.itemsize
    stored = data.id.get_storage_size()
    if declared > max(stored * MAX_EXPANSION, MAX_PLAIN_BYTES):
        raise UnreadableFile.of(
            path,
            "data sets of a plausible size",
            f"{data.name}: shape {data.shape} stored in {stored} bytes",
            "This looks like a decompression bomb; the file is refused.",
        )


def _kind_of(path: Any) -> str:
    """What a file looks like, by its first bytes."""
    try:
        with open(path, "rb") as file:
            head = file.read(16)
    except OSError:
        return "an unreadable file"
    if not head:
        return "an empty file"
    for magic, name in (
        (b"\x89HDF", "an HDF5 file"),
        (b"PK\x03\x04", "a zip file"),
        (b"\x80", "a pickle, which Lamina never opens"),
        (b"\x1f\x8b", "a gzip file"),
        (b"{", "a JSON text"),
    ):
        if head.startswith(magic):
            return name
    return f"a file that starts with {head[:8]!r}"
