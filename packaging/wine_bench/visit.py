"""One visit to the Debian root: what to mount, what to run, and how it comes to an end.

Every visit has its own mount, process, UTS and, if asked for, network namespace. They end with the
visit, and with them every mount, process and written file that was not bound from outside: the
kernel sees to it, even when this process is killed.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import threading
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, BinaryIO, Final

from .errors import BenchError

if TYPE_CHECKING:
    from collections.abc import Iterator

_IMPORT_PATH: Final = str(Path(__file__).resolve().parents[1])
_CHUNK_BYTES: Final = 65536


@dataclass(frozen=True, slots=True)
class PictureOrder:
    """When to take the picture of the screen, and where it goes.

    It is taken when the screen has not changed for `settle_s`, or `limit_s` after something first
    appeared on it, because a window that refreshes itself never settles.
    """

    file: str
    settle_s: float
    limit_s: float
    patience_s: float
    is_cropped: bool


@dataclass(frozen=True, slots=True)
class Visit:
    """What `inside.py` is told. Paths below the root are absolute as seen from in there.

    Layers are roots relative to `home`, the lowest first. Without any, the command runs in the
    root of this machine, for the sake of an end that leaves nothing behind.
    """

    home: str
    layers: tuple[str, ...]
    command: tuple[str, ...]
    directory: str = "/"
    is_lasting: bool = False
    binds: tuple[tuple[str, str], ...] = ()
    environment: dict[str, str] = field(default_factory=dict)
    processors: tuple[int, ...] = ()
    screen: tuple[int, int] | None = None
    picture: PictureOrder | None = None

    def to_json(self, lifeline: int) -> str:
        """Write it down for `inside.py`, which ends when `lifeline` is closed on our side."""
        return json.dumps({**asdict(self), "lifeline": lifeline})


def missing_prerequisite() -> str | None:
    """Say what keeps this machine from entering a root, as one sentence with the remedy."""
    if sys.platform != "linux":
        return "The Windows bench needs Linux; on Windows run the tests themselves."
    if os.geteuid() != 0:
        return (
            "The Windows bench mounts file systems, which only root may: "
            'run the same command again with `sudo -E env "PATH=$PATH"` in front of it.'
        )
    for tool, package in (("unshare", "util-linux"), ("mount", "mount"), ("chroot", "coreutils")):
        if shutil.which(tool) is None:
            return f"{tool} is missing: run `apt-get install {package}`."
    return None


def enter(
    visit: Visit,
    *,
    output: BinaryIO | None = None,
    errors: BinaryIO | None = None,
    is_interactive: bool = False,
    has_own_network: bool = False,
) -> int:
    """Run a visit to its end and give the exit code of its command.

    What the command prints goes on live to `output` and `errors` (standard output and standard
    error unless told). The streams that the command itself gets are always pipes, as Python under
    Wine can't start on a plain file. `is_interactive` hands the terminal through instead.
    """
    problem = missing_prerequisite()
    if problem:
        raise BenchError(problem)
    read_end, write_end = os.pipe()
    command = [
        *("unshare", "--mount", "--propagation", "private", "--uts", "--ipc"),
        *("--pid", "--fork", "--kill-child"),
        *(["--net"] if has_own_network else []),
        *("--", sys.executable, "-m", "wine_bench.inside", visit.to_json(read_end)),
    ]
    pipe = None if is_interactive else subprocess.PIPE
    stdin = None if is_interactive else subprocess.DEVNULL
    with contextlib.ExitStack() as at_end:
        lifeline = at_end.enter_context(os.fdopen(write_end, "wb"))
        with os.fdopen(read_end, "rb"):
            process = at_end.enter_context(
                subprocess.Popen(
                    command,
                    stdin=stdin,
                    stdout=pipe,
                    stderr=pipe,
                    pass_fds=(read_end,),
                    env={**os.environ, "PYTHONPATH": _IMPORT_PATH},
                )
            )
        with (
            _forwarded(process.stdout, output or sys.stdout.buffer),
            _forwarded(process.stderr, errors or sys.stderr.buffer),
        ):
            try:
                return process.wait()
            finally:
                lifeline.close()
                process.wait()


@contextlib.contextmanager
def _forwarded(source: IO[bytes] | None, target: BinaryIO) -> Iterator[None]:
    if source is None:
        yield
        return
    thread = threading.Thread(target=_forward, args=(source, target), daemon=True)
    thread.start()
    try:
        yield
    finally:
        thread.join()


def _forward(source: IO[bytes], target: BinaryIO) -> None:
    descriptor = source.fileno()
    while chunk := os.read(descriptor, _CHUNK_BYTES):
        # A reader that went away must not stop the visit, which would block on a full pipe.
        with contextlib.suppress(OSError, ValueError):
            target.write(chunk)
            target.flush()
