"""Where built things are kept: each in a directory named after the hash of its recipe.

A directory with such a name is always whole, as it gets its name last. Those who use one hold a
shared lock on it, so that nobody removes it under them.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

if sys.platform != "win32":
    import fcntl

_KEPT_UNUSED_S: Final = 24 * 3600
_HASH_DIGITS: Final = 16


def default_home(environment: Mapping[str, str] = os.environ) -> Path:
    """Give the place of every bench of this user (XDG Base Directory Specification)."""
    named = environment.get("XDG_CACHE_HOME", "")
    # The specification tells to ignore relative paths.
    cache = Path(named) if named.startswith("/") else Path.home() / ".cache"
    return cache / "portview" / "windows-bench"


def recipe_hash(files: Iterable[Path], *facts: str) -> str:
    """Hash the content of some files and some facts, in their order.

    Where the files lie doesn't count, so that every checkout of the project shares one bench.
    """
    digest = hashlib.sha256()
    parts = [(file.name, file.read_bytes().replace(b"\r\n", b"\n")) for file in files]
    parts += [("", fact.encode()) for fact in facts]
    for name, content in parts:
        digest.update(f"{name}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()[:_HASH_DIGITS]


def ensure_layer(
    home: Path,
    kind: str,
    key: str,
    build: Callable[[Path], None],
    report: Callable[[str], None],
) -> Path:
    """Give the directory `home/kind-key`, and let `build` fill a new one where there is none.

    Only one process builds at a time. What an interrupted one left behind is thrown away.
    """
    layer = home / f"{kind}-{key}"
    if layer.is_dir():
        os.utime(layer)
        return layer
    home.mkdir(parents=True, exist_ok=True)
    with _locked(home / "build.lock", report):
        if layer.is_dir():
            return layer
        for interrupted in home.glob("unfinished-*"):
            shutil.rmtree(interrupted)
        unfinished = home / f"unfinished-{kind}"
        unfinished.mkdir()
        build(unfinished)
        unfinished.rename(layer)
        _prune(home, kind, layer)
    return layer


@contextlib.contextmanager
def in_use(layers: Iterable[Path]) -> Iterator[None]:
    """Keep layers from being removed while the context lasts."""
    with contextlib.ExitStack() as held:
        for layer in layers:
            descriptor = os.open(layer, os.O_RDONLY | os.O_DIRECTORY)
            held.callback(os.close, descriptor)
            fcntl.flock(descriptor, fcntl.LOCK_SH)
            os.utime(layer)
        yield


@contextlib.contextmanager
def reserved_processor(home: Path) -> Iterator[tuple[int, ...]]:
    """Give a processor that no other run has reserved, or nothing where all are taken."""
    with contextlib.ExitStack() as held:
        for number in sorted(os.sched_getaffinity(0)):
            handle = held.enter_context((home / f"processor-{number}.lock").open("wb"))
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            yield (number,)
            return
        yield ()


def _prune(home: Path, kind: str, newest: Path) -> None:
    # What was used lately stays, or changing between two branches would build anew each time.
    oldest_use = time.time() - _KEPT_UNUSED_S
    for path in home.glob(f"{kind}-*"):
        if path == newest or not path.is_dir() or path.stat().st_mtime > oldest_use:
            continue
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            doomed = path.rename(home / f"unfinished-old-{path.name}")
            shutil.rmtree(doomed)
        except BlockingIOError:
            continue
        finally:
            os.close(descriptor)


@contextlib.contextmanager
def _locked(file: Path, report: Callable[[str], None]) -> Iterator[None]:
    with file.open("wb") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            report("waiting for another process that builds a bench")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
