"""Build numpy on Windows itself, with Microsoft's compiler."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tarfile
from typing import TYPE_CHECKING, Final

from windows_program.plain_numpy import MESON_OPTIONS, numpy_pin
from windows_program.plain_numpy.sources import fetch_sources

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

# pip would have the backend build twice, the first time to learn the metadata, and older ones do
# not hand the options on. This is what it calls in the end (PEP 517).
_BUILD: Final = """
import json, sys
import mesonpy
mesonpy.build_wheel(sys.argv[1], {"setup-args": json.loads(sys.argv[2])})
"""


def ensure_numpy_wheel(lock: Path, tools_lock: Path, folder: Path) -> Path:
    """Give the wheel, built below ``folder`` where none of this lock and these tools is there.

    ``tools_lock`` names what builds numpy: its backend, Cython and Ninja. The compiler is the one
    of Visual Studio or of its build tools, wherever they are installed. Raises OSError,
    CalledProcessError, and LookupError where the sources are not those of the lock.
    """
    pin = numpy_pin(lock.read_text("utf-8"))
    facts = (pin.requirement(), tools_lock.read_text("utf-8"), *MESON_OPTIONS, sys.version)
    key = hashlib.sha256("\0".join(facts).encode()).hexdigest()[:16]
    place = folder / f"numpy-{key}"
    found = next(place.glob("*.whl"), None)
    if found is not None:
        return found
    python, environment = _tools(folder / "numpy-tools", tools_lock)
    pip = [python, "-m", "pip"]
    archive = fetch_sources(folder / "numpy-download", pin, pip, _run)
    unfinished = folder / "numpy-unfinished"
    shutil.rmtree(unfinished, ignore_errors=True)
    with tarfile.open(archive) as sources:
        # Its hash is the lock's, so that nothing in it has to be feared.
        sources.extractall(unfinished)  # noqa: S202
    wheels = unfinished / "wheels"
    wheels.mkdir()
    # Else Meson would take a gcc that is on the PATH before Microsoft's compiler.
    own_compiler = ["--vsenv"] if os.name == "nt" else []
    options = json.dumps([*own_compiler, *MESON_OPTIONS])
    source = unfinished / f"{pin.name}-{pin.version}"
    _run([python, "-c", _BUILD, str(wheels), options], environment, source)
    # Moved last: a build that was cut short is done again.
    wheels.replace(place)
    shutil.rmtree(unfinished, ignore_errors=True)
    return next(place.glob("*.whl"))


def _tools(folder: Path, lock: Path) -> tuple[str, Mapping[str, str]]:
    """Install the tools; return their Python and the environment in which they find each other."""
    _run([sys.executable, "-m", "venv", "--clear", str(folder)], os.environ)
    binaries = folder / ("Scripts" if os.name == "nt" else "bin")
    python = str(binaries / "python")
    options = ["--quiet", "--require-hashes", "--only-binary=:all:", "--disable-pip-version-check"]
    _run([python, "-m", "pip", "install", *options, "-r", str(lock)], os.environ)
    path = f"{binaries}{os.pathsep}{os.environ.get('PATH', '')}"
    return python, {**os.environ, "PATH": path}


def _run(command: Sequence[str], environment: Mapping[str, str], place: Path | None = None) -> None:
    subprocess.run(command, check=True, env=dict(environment), cwd=place)
