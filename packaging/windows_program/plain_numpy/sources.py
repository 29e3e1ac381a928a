"""Fetch numpy's source archive, as the lock names it."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from wine_bench.lock import Pin

_BACKEND: Final = Path(__file__).parent / "recipe" / "backend"


def fetch_sources(
    store: Path,
    pin: Pin,
    pip: Sequence[str],
    run: Callable[[Sequence[str], Mapping[str, str]], None],
) -> Path:
    """Return the archive in a folder, downloaded once and checked against the lock.

    ``run`` runs a command with an environment and raises what its caller wants where it fails.
    Raises LookupError where pip brought something else.
    """
    store.mkdir(parents=True, exist_ok=True)
    archive = store / f"{pin.name}-{pin.version}.tar.gz"
    if _is_locked(archive, pin):
        return archive
    wanted = store / "wanted.txt"
    wanted.write_text(f"{pin.requirement()}\n", encoding="ascii")
    options = [
        *("--no-deps", "--no-binary=:all:", "--no-build-isolation", "--require-hashes"),
        *("--disable-pip-version-check", "--dest", str(store), "-r", str(wanted)),
    ]
    run([*pip, "download", *options], {**os.environ, "PYTHONPATH": str(_BACKEND)})
    if not _is_locked(archive, pin):
        raise LookupError(f"pip brought no {archive.name} with a hash of the lock")
    return archive


def _is_locked(archive: Path, pin: Pin) -> bool:
    if not archive.is_file():
        return False
    return hashlib.sha256(archive.read_bytes()).hexdigest() in pin.hashes
