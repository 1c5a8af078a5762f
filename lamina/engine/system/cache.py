"""The persistent compilation cache: programs compiled by one process serve the next.

XLA's programs are kept in a folder that belongs to the user alone, through JAX's own
compilation cache. An entry is machine code, so the folder is as trusted as a program:
one that another user owns or could write to is not used. ``LAMINA_CACHE_DIR`` names
another folder; empty or ``off``, it switches the cache off.

JAX bounds the folder only with a further package, and never replaces an entry that a
killed process left half-written. So a process that added programs tidies up at its
exit: it drops what cannot be read, and what was not used for longest.
"""

from __future__ import annotations

import atexit
import os
import stat
import zlib
from pathlib import Path
from typing import Final

import jax

VARIABLE: Final = "LAMINA_CACHE_DIR"
LIMIT_BYTES: Final = 1 << 29
WORTH_SECONDS: Final = 0.05  # programs that compile faster are compiled again
_FOLDER: Final = "jax_compilation_cache_dir"
_SUFFIX: Final = "-cache"
_MARK: Final = ".tidied"
_ZLIB: Final = b"\x78"


class _Cache:
    """What this process uses, or why it uses nothing."""

    folder: Path | None = None
    reason: str = "not started"


_cache = _Cache()


def enable() -> None:
    """Switches the cache on, unless it is unwanted or its folder is not safe.

    JAX's own settings are left alone where the user has made them.
    """
    own = getattr(jax.config, _FOLDER)
    if own:
        _cache.reason = f"JAX's own is used: {own}"
        return
    folder = wanted_folder()
    if folder is None:
        _cache.reason = f"switched off by {VARIABLE}"
        return
    reason = prepare(folder)
    if reason is not None:
        _cache.reason = reason
        return
    _cache.folder = folder = folder.resolve()
    options = {
        _FOLDER: str(folder),
        "jax_persistent_cache_min_compile_time_secs": WORTH_SECONDS,
        "jax_persistent_cache_enable_xla_caches": "none",
    }
    for name, value in options.items():
        if name.upper() not in os.environ:
            jax.config.update(name, value)
    atexit.register(tidy, folder)


def wanted_folder() -> Path | None:
    """The folder that the environment asks for, or None."""
    chosen = os.environ.get(VARIABLE)
    if chosen is not None:
        off = chosen.strip().lower() in ("", "0", "off", "none")
        return None if off else Path(chosen).expanduser().absolute()
    base = os.environ.get("XDG_CACHE_HOME", "")
    try:
        root = Path(base) if os.path.isabs(base) else Path.home() / ".cache"
    except RuntimeError:  # a user without a home
        return None
    return root / "lamina" / "xla"


def prepare(folder: Path) -> str | None:
    """Makes the folder if need be; returns why it cannot be used, if so.

    Returns:
        None if the folder is there, can be written, belongs to this user, and nobody
        else can put a file into it or another folder in its place.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = folder.resolve(strict=True)
        if not os.access(found, os.R_OK | os.W_OK | os.X_OK):
            return f"{folder} cannot be written"
        if os.name == "nt":  # folders of a user are private there
            return None
        facts = found.stat()
        if facts.st_uid != os.geteuid():
            return f"{folder} belongs to another user"
        if facts.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            return f"{folder} can be written by other users; try chmod go-w on it"
        for parent in found.parents:
            facts = parent.stat()
            if facts.st_mode & stat.S_IWOTH and not facts.st_mode & stat.S_ISVTX:
                return f"{parent} lets other users replace the folders in it"
    except OSError as error:
        return f"{folder}: {error.strerror or error}"
    return None


def tidy(folder: Path, limit: int = LIMIT_BYTES) -> None:
    """Drops unreadable programs, and the longest unused ones beyond the limit.

    Nothing is done if no program was added since the last time.

    Args:
        folder: the cache's folder.
        limit: how many bytes it may hold.
    """
    mark = folder / _MARK
    try:
        last = mark.stat().st_mtime_ns if mark.exists() else 0
        if folder.stat().st_mtime_ns <= last:
            return
        entries = []
        for entry in folder.iterdir():
            if entry.name.endswith(_SUFFIX):
                facts = entry.stat()
                if facts.st_mtime_ns > last and not _readable(entry):
                    entry.unlink()
                else:
                    used = max(facts.st_atime_ns, facts.st_mtime_ns)
                    entries.append((used, facts.st_size, entry))
        total = sum(size for _, size, _ in entries)
        for _, size, entry in sorted(entries):
            if total <= limit:
                break
            entry.unlink(missing_ok=True)
            total -= size
        mark.touch()
        os.utime(mark, ns=(folder.stat().st_mtime_ns,) * 2)
    except OSError:
        return  # another process tidies, or the folder is gone


def _readable(entry: Path) -> bool:
    """Whether an entry is whole; of other compressions than zlib only that it is."""
    data = entry.read_bytes()
    if data[:1] != _ZLIB:
        return bool(data)
    try:
        zlib.decompress(data)
    except zlib.error:
        return False
    return True


def describe() -> str:
    """Where compiled programs are kept, and how many; or why they are not."""
    if _cache.folder is None:
        return f"off: {_cache.reason}"
    try:
        entries = [e for e in _cache.folder.iterdir() if e.name.endswith(_SUFFIX)]
        size = sum(entry.stat().st_size for entry in entries)
    except OSError:
        return f"{_cache.folder}, not readable now"
    return f"{_cache.folder}, {len(entries)} programs, {size / 2**20:.1f} MiB"
