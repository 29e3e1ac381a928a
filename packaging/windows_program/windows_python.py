"""The Python for Windows that freezes the program and tries it: this machine's, or the bench's."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class WindowsPython:
    """A Python with the locked packages. Modules below ``packaging/`` can be run with it.

    ``run`` takes arguments and further environment variables, starts in the root of the project
    and returns the exit code. ``path`` writes a path below the root the way this Python reads it.
    """

    run: Callable[[Sequence[str], Mapping[str, str]], int]
    path: Callable[[Path], str]


def bench_python(root: Path, lock: Path, pip: Sequence[str]) -> WindowsPython:
    """Give the bench's Python, built where it is missing. Raises BenchError."""
    from windows_bench import ensure_bench  # noqa: PLC0415 - Linux only

    bench = ensure_bench(lock, lambda line: print(f"bench: {line} ...", flush=True), pip=pip)

    def path(place: Path) -> str:
        return "Z:" + str(place).replace("/", "\\")

    def run(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
        return bench.python(
            arguments,
            repository=root,
            environment={"PYTHONPATH": path(root / "packaging"), **environment},
            own_network=True,
        )

    return WindowsPython(run, path)


def own_python(root: Path, lock: Path, folder: Path) -> WindowsPython:
    """Give a Python in a virtual environment with nothing but what is locked (Windows)."""
    executable = folder / "Scripts" / "python.exe"
    stamp = folder / "installed"
    wanted = f"{hashlib.sha256(lock.read_bytes()).hexdigest()} {sys.version}"
    if not stamp.exists() or stamp.read_text("utf-8") != wanted:
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
        install = [*("-m", "pip", "install", "--quiet", "--require-hashes"), "-r", str(lock)]
        subprocess.run([str(executable), *install, "--disable-pip-version-check"], check=True)
        # Written last: an installation that was cut short is done again.
        stamp.write_text(wanted, "utf-8")

    def run(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
        return subprocess.call(
            [str(executable), *arguments],
            cwd=root,
            env={**os.environ, "PYTHONPATH": str(root / "packaging"), **environment},
        )

    return WindowsPython(run, str)
