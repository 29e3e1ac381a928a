"""Build PortView for Windows: a folder with two programs, a portable zip and an installer.

``python dev.py package`` runs this. On Windows it works with a virtual environment of its own, on
Linux with the Windows bench, which is Wine and not Windows. What is in ``dist/`` afterwards has
passed the smoke test.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from windows_program.archive import differing, sha256_lines, write_zip
from windows_program.contents import folder_bytes, heaviest
from windows_program.installer import InstallerOrder, find_makensis, make_installer
from windows_program.manifests import URL_VARIABLE, Release, write_manifests
from windows_program.sbom import components_from_json, sbom_text
from windows_program.signing import SIGN_VARIABLE, SigningError, sign
from windows_program.update_file import FILE_NAME as LATEST_NAME
from windows_program.update_file import KEY_VARIABLE
from windows_program.version_resource import copyright_line
from windows_program.windows_python import WindowsPython, bench_python, own_python
from wine_bench.errors import BenchError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["PackageError", "package"]

_ROOT: Final = Path(__file__).resolve().parents[1]
_LOCK: Final = _ROOT / "packaging" / "package-requirements.lock"
_NUMPY_LOCK: Final = _ROOT / "packaging" / "numpy-requirements.lock"
_WORK: Final = _ROOT / "build" / "windows"
_DIST: Final = _ROOT / "dist"
_MB: Final = 1_000_000
_FOLDER_TARGET, _INSTALLER_TARGET = 100 * _MB, 34 * _MB
_SHIM: Final = b'@"%~dp0..\\portviewc.exe" %*\r\n'
"""The command ``portview``: PortView.exe beside it would be found first under that name."""

_PORTABLE: Final = {
    "portable.ini": b"; While this file is here, PortView keeps its settings and its log in the\r\n"
    b'; folder "data" beside it and leaves nothing on the computer.\r\n'
}


class PackageError(Exception):
    """The program could not be built; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Artefacts:
    """Where everything lies while it is built."""

    folder: Path
    archive: Path
    installer: Path
    sbom: Path
    sums: Path
    bare: Path
    manifests: Path
    latest: Path

    @classmethod
    def below(cls, place: Path, version: str) -> Artefacts:
        """Name the artefacts of a version in a folder."""
        return cls(
            place / "PortView",
            place / f"PortView-{version}-portable.zip",
            place / f"PortView-{version}-setup.exe",
            place / f"PortView-{version}.cdx.json",
            place / "SHA256SUMS",
            place / "Bare",
            place / "manifests",
            place / LATEST_NAME,
        )

    def files(self) -> tuple[Path, ...]:
        """Return what is handed out as single files, but for the check sums."""
        latest = (self.latest,) if self.latest.exists() else ()
        return (self.archive, self.installer, self.sbom, *latest)


def package(arguments: Sequence[str], pip: Sequence[str]) -> int:
    """Build, test and hand over; return an exit code. Raises PackageError.

    ``pip`` is the command that may download packages.
    """
    options = _parser().parse_args(arguments)
    started = time.monotonic()
    python = _python(pip)
    version = _version()
    artefacts = Artefacts.below(_WORK / "dist", version)
    with _step("freezing the programs"):
        _freeze(python, artefacts, with_bare=options.measure)
    if options.twice:
        with _step("freezing them again"):
            _compare_with_another(python, artefacts, version)
    with _step("packing"):
        _pack(artefacts, version)
    _tell_weights(artefacts)
    with _step("smoke test"):
        _smoke(python, artefacts, options)
    _hand_over(artefacts)
    print(f"built in {time.monotonic() - started:.0f} s: {_DIST}")
    return 0


def source_epoch() -> int:
    """Return the Unix time that everything in the artefacts bears: that of the last commit."""
    given = os.environ.get("SOURCE_DATE_EPOCH")
    if given:
        return int(given)
    asked = ["git", "-C", str(_ROOT), "log", "-1", "--format=%ct"]
    with contextlib.suppress(OSError):
        done = subprocess.run(asked, check=False, capture_output=True, text=True)
        if done.returncode == 0 and done.stdout.strip().isdecimal():
            return int(done.stdout)
    return 1_700_000_000


def _python(pip: Sequence[str]) -> WindowsPython:
    if os.name == "nt":
        try:
            return own_python(_ROOT, _LOCK, _NUMPY_LOCK, _WORK / "venv")
        except (OSError, LookupError, subprocess.CalledProcessError) as error:
            raise PackageError(f"The Python that builds could not be made: {error}") from error
    if sys.platform == "linux":
        try:
            return bench_python(_ROOT, _LOCK, pip)
        except BenchError as error:
            raise PackageError(str(error)) from error
    raise PackageError("The Windows program is built on Windows, or on Linux with its bench.")


def _freeze(python: WindowsPython, artefacts: Artefacts, *, with_bare: bool) -> None:
    environment = {"PYTHONHASHSEED": "0", "SOURCE_DATE_EPOCH": str(source_epoch())}
    if with_bare:
        environment["PORTVIEW_FREEZE_BARE"] = "1"
    for name in (URL_VARIABLE, KEY_VARIABLE):
        if name in os.environ:
            environment[name] = os.environ[name]
    places = [python.path(place) for place in (_WORK / "work", artefacts.folder.parent)]
    shutil.rmtree(artefacts.folder.parent, ignore_errors=True)
    if python.run(["-m", "windows_program.freeze", *places], environment):
        raise PackageError("PyInstaller failed; see its messages above.")
    licence = (_ROOT / "LICENSE").read_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    (artefacts.folder / "LICENSE.txt").write_bytes(licence)
    shim = artefacts.folder / "bin" / "portview.cmd"
    shim.parent.mkdir()
    shim.write_bytes(_SHIM)


def _compare_with_another(python: WindowsPython, artefacts: Artefacts, version: str) -> None:
    """Freeze once more and say what is not the same, before anything is signed."""
    other = Artefacts.below(_WORK / "again", version)
    _freeze(python, other, with_bare=False)
    names = differing(artefacts.folder, other.folder)
    print(f"  {len(names)} files differ between two builds")
    for name in names:
        print(f"    {name}")
    shutil.rmtree(other.folder.parent)


def _pack(artefacts: Artefacts, version: str) -> None:
    made = _WORK / "work" / "made"
    try:
        signed = [sign(artefacts.folder / name) for name in ("PortView.exe", "portviewc.exe")]
        write_zip(artefacts.archive, artefacts.folder, source_epoch(), _PORTABLE)
        kind = _make_installer(artefacts, version, made)
        sign(artefacts.installer)
    except SigningError as error:
        raise PackageError(str(error)) from error
    components = components_from_json((made / "components.json").read_text("utf-8"))
    artefacts.sbom.write_text(
        sbom_text(version, "MIT", components, source_epoch()), encoding="utf-8", newline="\n"
    )
    _write_manifests(artefacts, version)
    if (made / LATEST_NAME).exists():
        shutil.copyfile(made / LATEST_NAME, artefacts.latest)
    else:
        print(f"  no notice of new versions: {KEY_VARIABLE} is no key")
    artefacts.sums.write_text(sha256_lines(artefacts.files()), encoding="ascii", newline="\n")
    print(f"  the installer is a {kind} program")
    print("  signed" if all(signed) else f"  not signed: {SIGN_VARIABLE} names no command")


def _write_manifests(artefacts: Artefacts, version: str) -> None:
    """Write what package managers are told, where it is known whence the release is fetched."""
    url = os.environ.get(URL_VARIABLE, "").rstrip("/")
    if not url:
        print(f"  no manifests for winget and Scoop: {URL_VARIABLE} names no address")
        return
    home = url.partition("/releases/")[0]
    release = Release(version, artefacts.installer, artefacts.archive, url, home)
    for file in write_manifests(release, artefacts.manifests):
        print(f"  {file.name}")


def _make_installer(artefacts: Artefacts, version: str, made: Path) -> str:
    makensis = find_makensis()
    if makensis is None:
        raise PackageError("makensis is missing: install NSIS (https://nsis.sourceforge.io).")
    licence = (_ROOT / "LICENSE").read_text("utf-8")
    order = InstallerOrder(
        folder=artefacts.folder,
        icon=made / "portview.ico",
        pictures=made,
        licence=artefacts.folder / "LICENSE.txt",
        version=version,
        copyright=copyright_line(licence),
        epoch=source_epoch(),
        output=artefacts.installer,
        work=_WORK / "nsis",
    )
    try:
        return make_installer(makensis, order)
    except subprocess.CalledProcessError as error:
        raise PackageError(f"makensis failed:\n{error.stdout}{error.stderr}") from error


def _tell_weights(artefacts: Artefacts) -> None:
    for what, weight, target in (
        ("folder", folder_bytes(artefacts.folder), _FOLDER_TARGET),
        ("installer", artefacts.installer.stat().st_size, _INSTALLER_TARGET),
        ("portable zip", artefacts.archive.stat().st_size, None),
    ):
        aim = "" if target is None else f"; target {target / _MB:.0f} MB"
        is_over = target is not None and weight > target
        print(f"  {what}: {weight / _MB:.1f} MB{aim}{', not held' if is_over else ''}")
    print("  what weighs most:")
    for name, weight in heaviest(artefacts.folder):
        print(f"    {weight / _MB:6.1f} MB  {name}")


def _smoke(python: WindowsPython, artefacts: Artefacts, options: argparse.Namespace) -> None:
    pictures = _WORK / "pictures"
    shutil.rmtree(pictures, ignore_errors=True)
    pictures.mkdir(parents=True)
    command = ["-m", "windows_program.smoke", python.path(artefacts.folder)]
    command += ["--portable", python.path(artefacts.archive)]
    command += ["--installer", python.path(artefacts.installer)]
    command += ["--pictures", python.path(pictures)]
    # In the bench nothing else happens; on a machine in use only PortView's own traces count.
    command += ["--every-trace"] if os.name != "nt" else []
    command += ["--measure", python.path(artefacts.bare)] if options.measure else []
    if python.run(command, {}):
        raise PackageError(f"The smoke test failed; what was built lies in {_WORK / 'dist'}.")


def _hand_over(artefacts: Artefacts) -> None:
    """Put what has passed into ``dist/``, in place of what was there."""
    _DIST.mkdir(exist_ok=True)
    for old in _DIST.iterdir():
        if old.name in {"SHA256SUMS", "manifests"} or old.name.startswith("PortView"):
            if old.is_dir():
                shutil.rmtree(old)
            else:
                old.unlink()
    made = (artefacts.folder, *artefacts.files(), artefacts.sums, artefacts.manifests)
    for new in made:
        if new.exists():
            shutil.move(new, _DIST / new.name)


def _version() -> str:
    text = (_ROOT / "portview" / "__init__.py").read_text("utf-8")
    found = re.search(r'^__version__ = "([^"]+)"', text, re.MULTILINE)
    if found is None:
        raise PackageError("portview/__init__.py names no version.")
    return found[1]


@contextlib.contextmanager
def _step(name: str) -> Iterator[None]:
    print(f"{name} ...", flush=True)
    started = time.monotonic()
    yield
    print(f"{name}: {time.monotonic() - started:.0f} s", flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="dev.py package", description="Build PortView for Windows and put it to the test."
    )
    parser.add_argument(
        "--measure", action="store_true", help="compare how fast it starts with a bare program"
    )
    parser.add_argument(
        "--twice", action="store_true", help="freeze twice and name the files that differ"
    )
    return parser
