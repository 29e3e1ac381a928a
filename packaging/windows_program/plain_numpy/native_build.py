"""Build numpy on Windows itself, with Microsoft's compiler."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from typing import TYPE_CHECKING

from windows_program.plain_numpy import MESON_OPTIONS, numpy_pin

if TYPE_CHECKING:
    from pathlib import Path


def ensure_numpy_wheel(lock: Path, tools_lock: Path, folder: Path) -> Path:
    """Give the wheel, built below ``folder`` where none of this lock and these tools is there.

    ``tools_lock`` names what builds numpy: its backend, Cython and Ninja. The compiler is the one
    of Visual Studio or of its build tools, wherever they are installed. Raises OSError and
    CalledProcessError.
    """
    pin = numpy_pin(lock.read_text("utf-8"))
    facts = (pin.requirement(), tools_lock.read_text("utf-8"), *MESON_OPTIONS, sys.version)
    key = hashlib.sha256("\0".join(facts).encode()).hexdigest()[:16]
    place = folder / f"numpy-{key}"
    found = next(place.glob("*.whl"), None)
    if found is not None:
        return found
    tools = folder / "numpy-tools"
    subprocess.run([sys.executable, "-m", "venv", "--clear", str(tools)], check=True)
    binaries = tools / ("Scripts" if os.name == "nt" else "bin")
    # The tools are found by name, so theirs have to come first.
    path = f"{binaries}{os.pathsep}{os.environ.get('PATH', '')}"
    environment = {**os.environ, "PATH": path, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    pip = [str(binaries / "python"), "-m", "pip"]
    install = [*pip, "install", "--quiet", "--require-hashes", "--only-binary=:all:"]
    subprocess.run([*install, "-r", str(tools_lock)], check=True, env=environment)
    wanted = folder / "numpy.txt"
    wanted.write_text(f"{pin.requirement()}\n", encoding="ascii")
    unfinished = folder / "numpy-unfinished"
    # Only on Windows; there Meson would take a gcc on the PATH before Microsoft's compiler.
    own_compiler = ["--vsenv"] if os.name == "nt" else []
    subprocess.run(
        [
            *(*pip, "wheel", "--no-deps", "--no-build-isolation", "--no-binary=:all:"),
            *("--require-hashes", "--wheel-dir", str(unfinished), "-r", str(wanted)),
            *(f"--config-settings=setup-args={it}" for it in (*own_compiler, *MESON_OPTIONS)),
        ],
        check=True,
        env=environment,
    )
    # Named last: a build that was cut short is done again.
    unfinished.replace(place)
    return next(place.glob("*.whl"))
