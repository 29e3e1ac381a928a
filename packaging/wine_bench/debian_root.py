"""The lower layer: a Debian root with Wine in it, and a Wine prefix as new as from the shop.

It is the expensive part, so nothing that changes with the project's own dependencies is in here.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from .apt_sources import debian_mirror, read_sources
from .cache import ensure_layer, recipe_hash
from .errors import BenchError
from .fonts import install_stand_ins
from .step_log import logged
from .visit import Visit, missing_prerequisite

if TYPE_CHECKING:
    from collections.abc import Callable

MIRROR_VARIABLE: Final = "PORTVIEW_DEBIAN_MIRROR"
PREFIX: Final = "/prefix"
SCREEN: Final = (1600, 1000)
WINE_ENVIRONMENT: Final = {
    "HOME": "/root",
    "LC_ALL": "C.UTF-8",
    "PATH": "/usr/bin:/bin:/usr/sbin:/sbin",
    "WINEARCH": "win64",
    "WINEDEBUG": "-all",
    # Wine would otherwise offer to download its .NET and its web engine, and wait for the answer.
    "WINEDLLOVERRIDES": "mscoree,mshtml=",
    "WINEPREFIX": PREFIX,
}

# Wine before 10 tells no owners of listening sockets, and trixie is the first release to have it.
_SUITE: Final = "trixie"
_PACKAGES: Final = (
    "wine",
    "wine64",
    "xvfb",
    "gcc-mingw-w64-x86-64-win32",
    "mingw-w64-tools",
    "fonts-wine",
    "fonts-open-sans",
    "fonts-dejavu-core",
    "fonts-liberation",
    "fonts-wqy-microhei",
)
_KEYRING: Final = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
_CERTIFICATES: Final = Path("/etc/ssl/certs/ca-certificates.crt")
_HERE: Final = Path(__file__).parent
_RECIPE: Final = tuple(
    _HERE / name
    for name in (
        "debian_root.py",
        "fonts.py",
        "icon_font.py",
        "icuuc_stub.c",
        "prefix.reg",
        "truetype.py",
    )
)

# The packages come from a signed archive and the root can be built again: nothing here is worth
# waiting for the disk, nor worth keeping documentation of.
_INSTALL: Final = r"""
set -eu
echo force-unsafe-io > /etc/dpkg/dpkg.cfg.d/bench
printf 'path-exclude=/usr/share/%s/*\n' doc man locale info lintian >> /etc/dpkg/dpkg.cfg.d/bench
echo 'Acquire::Languages "none";' > /etc/apt/apt.conf.d/bench
rm -f /etc/apt/apt.conf.d/docker-clean
apt-get -q update
apt-get -q -y --no-install-recommends -o APT::Keep-Downloaded-Packages=true install "$@"
rm -rf /var/lib/apt/lists/* /var/cache/apt/*.bin
"""

_MAKE_PREFIX: Final = r"""
set -eu
wine wineboot --init
winecfg -v win11
wine regedit /S 'Z:\recipe\prefix.reg'
x86_64-w64-mingw32-gcc -shared -O1 -o "$WINEPREFIX/drive_c/windows/system32/icuuc.dll" \
    /recipe/icuuc_stub.c
wineserver --wait
"""


def ensure_debian_root(home: Path, report: Callable[[str], None]) -> Path:
    """Give the layer, built where it is missing."""

    def build(unfinished: Path) -> None:
        _Builder(home, unfinished, report).build()

    return ensure_layer(home, "system", recipe_hash(_RECIPE), build, report)


def host_architecture_problem() -> str | None:
    """Say why this machine can't run the bench at all, if so."""
    if sys.platform != "linux" or os.uname().machine != "x86_64":
        return "The Windows bench runs on 64-bit x86 Linux only."
    return None


class _Builder:
    """Fills a new layer: `root` is the Debian root, and the prefix lies in it."""

    def __init__(self, home: Path, layer: Path, report: Callable[[str], None]) -> None:
        self._home = home
        self._layer = layer
        self._report = report
        self._debs = home / "downloads" / "debs"

    def build(self) -> None:
        problem = host_architecture_problem() or missing_prerequisite()
        if problem:
            raise BenchError(problem)
        mirror = _mirror()
        (self._debs / "partial").mkdir(parents=True, exist_ok=True)
        _ensure_debootstrap(self._home, self._report)
        self._report(f"making a Debian {_SUITE} root")
        self._bootstrap(mirror)
        self._report("installing Wine, a display and a compiler in it")
        self._inside(_INSTALL, *_PACKAGES)
        install_stand_ins(self._layer / "root")
        self._report("making a Wine prefix")
        self._inside(_MAKE_PREFIX, screen=SCREEN)

    def _bootstrap(self, mirror: str) -> None:
        is_encrypted = mirror.startswith("https:")
        command = [
            *("debootstrap", "--variant=minbase", f"--cache-dir={self._debs}"),
            *("--force-check-gpg", f"--keyring={_KEYRING}"),
            *(["--include=ca-certificates"] if is_encrypted else []),
            *(_SUITE, str(self._layer / "root"), mirror),
        ]
        # It mounts things in the new root, which must not stay there if it is interrupted.
        visit = Visit(
            home=str(self._home),
            layers=(),
            command=tuple(command),
            environment={**os.environ, "PATH": _search_path()},
        )
        with logged(self._home, "debootstrap") as log:
            log.visit(visit)
        if is_encrypted and _CERTIFICATES.is_file():
            # The machine may trust a mirror that Debian's own list of authorities doesn't know.
            shutil.copyfile(_CERTIFICATES, self._layer / "root" / _CERTIFICATES.relative_to("/"))

    def _inside(self, script: str, *arguments: str, screen: tuple[int, int] | None = None) -> None:
        visit = Visit(
            home=str(self._home),
            layers=(str((self._layer / "root").relative_to(self._home)),),
            command=("sh", "-c", script, "bench", *arguments),
            is_lasting=True,
            binds=((str(self._debs), "/var/cache/apt/archives"), (str(_HERE), "/recipe")),
            environment={**WINE_ENVIRONMENT, **_proxies(), "DEBIAN_FRONTEND": "noninteractive"},
            screen=screen,
        )
        with logged(self._home, "a step inside the root") as log:
            log.visit(visit)


def _mirror() -> str:
    mirror = os.environ.get(MIRROR_VARIABLE) or debian_mirror(read_sources())
    if mirror:
        return mirror.rstrip("/")
    message = (
        "The apt sources of this machine name no Debian mirror (Ubuntu's can't serve Debian): "
        f"set {MIRROR_VARIABLE} to the address of one that can be reached from here."
    )
    raise BenchError(message)


def _search_path() -> str:
    return f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"


def _ensure_debootstrap(home: Path, report: Callable[[str], None]) -> None:
    wanted = []
    if shutil.which("debootstrap", path=_search_path()) is None:
        wanted.append("debootstrap")
    if not _KEYRING.is_file():
        wanted.append("debian-archive-keyring")
    if not wanted:
        return
    if shutil.which("apt-get") is None:
        message = f"{' and '.join(wanted)} are missing and there is no apt-get to install them."
        raise BenchError(message)
    report(f"installing {' and '.join(wanted)}")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    install = ["apt-get", "-q", "-y", "--no-install-recommends", "install", *wanted]
    with logged(home, " ".join(install)) as log:
        if not any(Path("/var/lib/apt/lists").glob("*Packages*")):
            log.run(["apt-get", "-q", "update"], environment=environment)
        log.run(install, environment=environment)


def _proxies() -> dict[str, str]:
    names = ("http_proxy", "https_proxy", "no_proxy")
    return {name: os.environ[name] for name in names if name in os.environ}
