"""The Python for Windows that freezes the program and tries it: this machine's, or the bench's."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from windows_program.plain_numpy.native_build import ensure_numpy_wheel

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
    """Give the bench's Python with a numpy without OpenBLAS, built where they are missing.

    Raises BenchError.
    """
    from windows_bench import ensure_bench  # noqa: PLC0415 - Linux only
    from windows_program.plain_numpy.cross_build import ensure_numpy_wheel  # noqa: PLC0415

    def report(line: str) -> None:
        print(f"bench: {line} ...", flush=True)

    def own_wheels(home: Path, system: Path) -> Mapping[str, Path]:
        return {"numpy": ensure_numpy_wheel(home, system, lock, report, pip)}

    bench = ensure_bench(lock, report, pip=pip, own_wheels=own_wheels)

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


def own_python(root: Path, lock: Path, tools_lock: Path, folder: Path) -> WindowsPython:
    """Give a Python in a virtual environment with nothing but what is locked (Windows).

    Its numpy is built without OpenBLAS, with what ``tools_lock`` names.
    """
    executable = folder / "Scripts" / "python.exe"
    stamp = folder / "installed"
    numpy = ensure_numpy_wheel(lock, tools_lock, folder.parent)
    wanted = f"{hashlib.sha256(lock.read_bytes()).hexdigest()} {numpy.parent.name} {sys.version}"
    if not stamp.exists() or stamp.read_text("utf-8") != wanted:
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
        install = [*("-m", "pip", "install", "--quiet", "--require-hashes"), "-r", str(lock)]
        subprocess.run([str(executable), *install, "--disable-pip-version-check"], check=True)
        replace = [*("-m", "pip", "install", "--quiet", "--no-deps", "--force-reinstall")]
        subprocess.run([str(executable), *replace, str(numpy)], check=True)
        # Written last: an installation that was cut short is done again.
        stamp.write_text(wanted, "utf-8")

    def run(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
        return subprocess.call(
            [str(executable), *arguments],
            cwd=root,
            env={**os.environ, "PYTHONPATH": str(root / "packaging"), **environment},
        )

    return WindowsPython(run, str)
