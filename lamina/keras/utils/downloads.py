"""``keras.utils.get_file``: files from the network, kept in a folder."""

from __future__ import annotations

import hashlib
import os
import sys
import tarfile
import tempfile
import urllib.error
import urllib.parse
import urllib.request
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from lamina.engine.errors import message
from lamina.keras.saving.archive import replacing

_NAME: Final = "keras.utils.get_file"
_BLOCK: Final = 1 << 20
_TIMEOUT: Final = 60.0
_HASHES: Final = {"sha256": 64, "md5": 32}


def get_file(
    fname: str | os.PathLike[str] | None = None,
    origin: str | None = None,
    untar: bool = False,
    md5_hash: str | None = None,
    file_hash: str | None = None,
    cache_subdir: str = "datasets",
    hash_algorithm: str = "auto",
    extract: bool = False,
    archive_format: str | Sequence[str] | None = "auto",
    cache_dir: str | os.PathLike[str] | None = None,
    force_download: bool = False,
) -> str:
    """Downloads a file unless it is there already.

    Args:
        fname: the name of the file; that of the address if None.
        origin: the address.
        untar: whether the file is a tar archive to be extracted.
        md5_hash: the MD5 sum that the file must have.
        file_hash: the SHA-256 or MD5 sum that the file must have.
        cache_subdir: the folder below `cache_dir`.
        hash_algorithm: ``"sha256"``, ``"md5"`` or ``"auto"``, which goes by length.
        extract: whether the file is a tar or zip archive to be extracted.
        archive_format: ``"tar"``, ``"zip"``, ``"auto"`` or a list of these.
        cache_dir: the folder of all files; the environment's ``KERAS_HOME`` or
            ``~/.keras`` if None.
        force_download: whether an existing file is downloaded again.

    Returns:
        The path of the file, or of the folder that it was extracted into.

    Raises:
        ValueError: there is no address or name, or the sum is another one.
        OSError: the address cannot be reached.

    Reference: ``keras.utils.get_file``. Members of an archive that would land outside
    of the folder are refused.
    """
    if origin is None:
        raise _mistake("an address in `origin`", "none", "Pass origin='https://…'.")
    if md5_hash is not None and file_hash is None:
        file_hash, hash_algorithm = md5_hash, "md5"
    folder = cache_folder(cache_dir) / cache_subdir
    folder.mkdir(parents=True, exist_ok=True)
    name = _file_name(fname, origin)
    target, extracted = folder / name, None
    if untar or extract:
        target, extracted = _archive_paths(folder, name, fname is not None)
    wanted = target.exists() and not force_download
    if not (wanted and _has_sum(target, file_hash, hash_algorithm)):
        _download(origin, target, file_hash, hash_algorithm)
    if extracted is None:
        return str(target)
    extract_archive(target, extracted, "tar" if untar else archive_format)
    return str(extracted)


def cache_folder(cache_dir: str | os.PathLike[str] | None = None) -> Path:
    """The folder for downloads: the given one, ``KERAS_HOME`` or ``~/.keras``."""
    chosen = cache_dir or os.environ.get("KERAS_HOME") or "~/.keras"
    folder = Path(chosen).expanduser()
    parent = next(each for each in (folder, *folder.parents) if each.exists())
    if os.access(parent, os.W_OK):
        return folder
    return Path(tempfile.gettempdir()) / ".keras"


def extract_archive(
    file_path: str | os.PathLike[str],
    path: str | os.PathLike[str] = ".",
    archive_format: str | Sequence[str] | None = "auto",
) -> bool:
    """Extracts a tar or zip archive.

    Args:
        file_path: the archive.
        path: the folder that it is extracted into.
        archive_format: ``"tar"``, ``"zip"``, ``"auto"`` or a list of these.

    Returns:
        Whether the file is an archive of such a format.

    Raises:
        ValueError: a member would land outside of the folder.
    """
    formats = ["tar", "zip"] if archive_format == "auto" else archive_format or []
    for each in [formats] if isinstance(formats, str) else formats:
        if each == "tar" and tarfile.is_tarfile(file_path):
            with tarfile.open(file_path) as archive:
                try:
                    archive.extractall(path, filter="data")
                except tarfile.FilterError as error:
                    raise _mistake(
                        "an archive whose members stay in its folder",
                        str(error),
                        "Do not trust this file.",
                    ) from error
            return True
        if each == "zip" and zipfile.is_zipfile(file_path):
            with zipfile.ZipFile(file_path) as members:
                members.extractall(path)  # noqa: S202 (drops ".." and roots itself)
            return True
    return False


def _file_name(fname: Any, origin: str) -> str:
    name = os.fspath(fname) if fname else ""
    if os.sep in name or name in (".", ".."):
        raise _mistake(
            "a file name without folders in `fname`",
            f"fname={name!r}. Paths are no longer accepted",
            "Choose the folder with `cache_dir` and `cache_subdir`.",
        )
    name = name or os.path.basename(urllib.parse.urlsplit(origin).path)
    if not name:
        raise _mistake(
            "an address that ends with a file name",
            f"origin={origin!r}",
            "Pass the name as `fname`.",
        )
    return name


def _archive_paths(folder: Path, name: str, named: bool) -> tuple[Path, Path]:
    """The paths of an archive and of the folder it is extracted into."""
    if named and "." in name:
        return folder / name, folder / f"{name.partition('.')[0]}_extracted"
    return folder / f"{name}_archive", folder / name


def _download(origin: str, target: Path, file_hash: str | None, kind: str) -> None:
    print(f"Downloading data from {origin}", file=sys.stderr)
    with replacing(target) as temporary:
        try:
            with urllib.request.urlopen(origin, timeout=_TIMEOUT) as source:  # noqa: S310
                with open(temporary, "wb") as file:
                    while block := source.read(_BLOCK):
                        file.write(block)
        except urllib.error.URLError as error:
            reason = getattr(error, "reason", error)
            raise OSError(
                message(
                    _NAME,
                    expected="an address that can be reached",
                    received=f"URL fetch failure on {origin}: {reason}",
                    hint="Check the network, or put the file in place yourself: "
                    f"{target}.",
                )
            ) from error
        if not _has_sum(Path(temporary), file_hash, kind):
            raise _mistake(
                f"a file with the {kind} sum {file_hash}",
                "another sum: incomplete or corrupted file detected",
                "Download it again, or ask for the right sum.",
            )


def _has_sum(path: Path, wanted: str | None, kind: str) -> bool:
    if wanted is None:
        return True
    if kind == "auto":
        kind = "sha256" if len(wanted) == _HASHES["sha256"] else "md5"
    if kind not in _HASHES:
        raise _mistake(
            f"`hash_algorithm` to be one of {', '.join(_HASHES)} or auto",
            repr(kind),
            "Use sha256.",
        )
    with path.open("rb") as file:
        found = hashlib.file_digest(file, kind).hexdigest()
    return found == wanted.lower()


def _mistake(expected: str, received: str, hint: str) -> ValueError:
    return ValueError(message(_NAME, expected=expected, received=received, hint=hint))
