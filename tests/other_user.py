"""Commands as another user, who reaches this checkout and its Python wherever they lie.

Root may have cloned the project below a folder that nobody else may enter, or run a Python from
there. The prefix then makes a mount namespace of its own, in which the same paths lead to the
same files, without that folder on the way. Nothing changes outside of it.
"""

from __future__ import annotations

import shlex
import sys
import tempfile
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_ENTER = 0o001
ROOT = Path(__file__).resolve().parents[1]
NOBODY = 65534
_BECOME = (f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups")


@cache
def as_nobody() -> tuple[str, ...]:
    """Return the words before a command that is to run as nobody. Root, Linux."""
    return (*reachable_by_all(), "setpriv", *_BECOME)


@cache
def reachable_by_all() -> tuple[str, ...]:
    """Return the words before a command whose process may become another user later on."""
    needed = {ROOT, *(Path(each).resolve() for each in (sys.prefix, sys.base_prefix))}
    return prefix_for(needed)


def prefix_for(needed: set[Path]) -> tuple[str, ...]:
    """Return a prefix under which everybody reaches these folders by their own paths."""
    closed: dict[Path, list[Path]] = {}
    for path in sorted(needed):
        barrier = first_closed(path)
        if barrier is not None:
            closed.setdefault(barrier, []).append(path)
    if not closed:
        return ()
    lines = ["set -e", "mount -t tmpfs -o mode=755 tmpfs /mnt"]
    places: dict[Path, str] = {}
    for number, path in enumerate(path for paths in closed.values() for path in paths):
        places[path] = f"/mnt/{number}"
        lines += [f"mkdir {places[path]}", f"mount --bind {shlex.quote(str(path))} {places[path]}"]
    for barrier, paths in closed.items():
        lines.append(f"mount -t tmpfs -o mode=755 tmpfs {shlex.quote(str(barrier))}")
        for path in paths:
            quoted = shlex.quote(str(path))
            lines += [f"mkdir -p {quoted}", f"mount --move {places[path]} {quoted}"]
    lines += ["umount /mnt", 'cd "$PWD"', 'exec "$@"']
    return ("unshare", "--mount", "sh", "-c", "\n".join(lines), "sh")


@contextmanager
def folder_for_all() -> Iterator[Path]:
    """Give a folder that every user may enter.

    pytest's own lie below one that each run of pytest closes to others, and another may begin.
    """
    with tempfile.TemporaryDirectory(prefix="portview-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


def first_closed(path: Path) -> Path | None:
    """Return the first folder on the way that others may not enter, None if they reach it all."""
    for folder in reversed(path.parents):
        if not folder.stat().st_mode & _ENTER:
            return folder
    return None
