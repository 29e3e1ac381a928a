"""Install PortView as people do, each way into an environment of its own, and run its commands.

``python packaging/check_install.py`` builds the wheel and installs it, and installs the checkout
as editable; dependencies are those of the environment that runs this. ``--tools`` installs it with
uv and pipx as well, where they are found, with dependencies of their own. Building a wheel fetches
hatchling.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
_IS_WINDOWS = sys.platform == "win32"
_SCRIPTS = "Scripts" if _IS_WINDOWS else "bin"
_RESOURCES = ("port_names.tsv", "programs.toml", "icons", "help", "locale")


def main() -> int:
    """Try each way; the exit code is 1 where one of them does not work."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--tools", action="store_true", help="install with uv and pipx as well")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="portview-install-") as folder:
        place = Path(folder)
        wheel = _build(place)
        _check("pip install WHEEL", _install(place / "wheel", str(wheel)), place)
        _check("pip install -e .", _install(place / "editable", "-e", str(ROOT)), place)
        if options.tools:
            _check_tools(wheel, place)
    return 0


def _build(place: Path) -> Path:
    _run(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "-w", place, ROOT)
    (wheel,) = place.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    for needed in _RESOURCES:
        if not any(name.startswith(f"portview/resources/{needed}") for name in names):
            raise SystemExit(f"{wheel.name} lacks {needed}")
    return wheel


def _install(environment: Path, *what: str) -> Path:
    """Return the folder of commands of a new environment with PortView installed."""
    _run(sys.executable, "-m", "venv", environment)
    python = environment / _SCRIPTS / ("python.exe" if _IS_WINDOWS else "python")
    _run(python, "-m", "pip", "install", "--quiet", "--no-deps", *what)
    library = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        capture_output=True, text=True, check=True,
    ).stdout.strip()  # fmt: skip
    # The dependencies of whoever runs this; PortView itself comes from the new environment.
    (Path(library) / "dependencies.pth").write_text(sysconfig.get_path("purelib"), "utf-8")
    return environment / _SCRIPTS


def _check(way: str, commands: Path, place: Path) -> None:
    """Run both commands outside the checkout, and read what they need."""
    portview = shutil.which("portview", path=commands)
    window = shutil.which("portview-window", path=commands)
    if portview is None or window is None:
        raise SystemExit(f"{way}: portview and portview-window are not both in {commands}")
    version = _output(portview, "--version", place=place)
    if not version.startswith("PortView "):
        raise SystemExit(f"{way}: portview --version said {version!r}")
    document = json.loads(_output(portview, "list", "--json", place=place))
    if "sockets" not in document:
        raise SystemExit(f"{way}: portview list --json has no sockets")
    if not _output(portview, "--help", place=place):
        raise SystemExit(f"{way}: portview --help said nothing")
    print(f"{way}: {version}")


def _check_tools(wheel: Path, place: Path) -> None:
    bin_folder = place / "tools-bin"
    places = {
        "UV_TOOL_DIR": str(place / "uv"), "UV_TOOL_BIN_DIR": str(bin_folder / "uv"),
        "PIPX_HOME": str(place / "pipx"), "PIPX_BIN_DIR": str(bin_folder / "pipx"),
    }  # fmt: skip
    for name, command in {"uv": ("uv", "tool", "install"), "pipx": ("pipx", "install")}.items():
        if shutil.which(name) is None:
            print(f"{name}: not found, not tried")
            continue
        _run(*command, "--python", sys.executable, wheel, environment={**os.environ, **places})
        _check(" ".join(command), bin_folder / name, place)


def _run(*command: object, environment: dict[str, str] | None = None) -> None:
    subprocess.run([str(part) for part in command], check=True, env=environment)


def _output(*command: str, place: Path) -> str:
    """Return what a command prints where no checkout is in its way."""
    folders = {"PORTVIEW_CONFIG_DIR": str(place / "config"), "PORTVIEW_LOG_DIR": str(place / "log")}
    variables = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    done = subprocess.run(
        command, cwd=place, env={**variables, **folders}, capture_output=True, check=True
    )
    return done.stdout.decode("utf-8", "replace").strip()


if __name__ == "__main__":
    sys.exit(main())
