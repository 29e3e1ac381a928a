#!/usr/bin/env python3
"""Run, test, check and build PortView with nothing but Python 3.11 to start from.

Every command first sees to it that ``.venv`` holds the locked dependencies; when it does, that
costs one small file comparison. Standard library only.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent
LOCK = ROOT / "packaging" / "requirements.lock"
MUTATE_LOCK = ROOT / "packaging" / "mutate-requirements.lock"
VENV = ROOT / ".venv"
IS_WINDOWS = sys.platform == "win32"
VENV_PYTHON = VENV / ("Scripts/python.exe" if IS_WINDOWS else "bin/python")
STAMP = VENV / "portview-installed"

APT_PATIENCE_S = 600
APT_PAUSE_S = 2.0
APT_LOCK_MARKS = ("Could not get lock", "Unable to acquire the dpkg", "Unable to lock")

QT_PACKAGES = [
    "fontconfig",
    "fonts-dejavu-core",
    "libdbus-1-3",
    "libegl1",
    "libfontconfig1",
    "libgl1",
    "libglib2.0-0",
    "libx11-xcb1",
    "libxcb-cursor0",
    "libxcb-icccm4",
    "libxcb-image0",
    "libxcb-keysyms1",
    "libxcb-randr0",
    "libxcb-render-util0",
    "libxcb-shape0",
    "libxcb-xinerama0",
    "libxcb-xkb1",
    "libxkbcommon-x11-0",
    "libxkbcommon0",
]
"""What PySide6's wheels expect from a Debian or Ubuntu system beside the C library."""

TEST_TOOLS = {
    "ip": "iproute2",
    "ss": "iproute2",
    "nft": "nftables",
    "iptables": "iptables",
    "ufw": "ufw",
    "dbus-daemon": "dbus",
    "Xvfb": "xvfb",
    "tmux": "tmux",
    "screen": "screen",
    "runsv": "runit",
    "podman": "podman",
    "runc": "runc",
    "busybox": "busybox-static",
}
"""Programs with which the tests make network namespaces, firewalls, displays, terminals and
supervisors, and their packages."""

WITHOUT_SYSTEMD = {"sshd": "openssh-server"}
"""Further ones, whose packages would start a server where systemd runs: there they are used if they
are installed, and the tests skip else."""

FIREWALLD = VENV / "test-tools" / "firewalld"
PROMETHEUS = VENV / "test-tools" / "prometheus"
ALERTMANAGER = VENV / "test-tools" / "prometheus-alertmanager"
SERVERS = VENV / "test-tools" / "servers"
"""Packages as they hold their programs, for the tests alone: installed where systemd runs, these
would switch themselves on, and firewalld would filter this machine."""

FIREWALLD_LIBRARIES = {
    "firewall": "python3-firewall",
    "nftables": "python3-nftables",
    "dbus": "python3-dbus",
    "gi": "python3-gi",
}
"""What firewalld imports from the system's Python, and their packages."""


class DevError(Exception):
    """Something that the person at the keyboard has to see to; the text says what."""


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit code."""
    options, rest = _parser().parse_known_args(arguments)
    rest = rest[1:] if rest[:1] == ["--"] else rest
    try:
        code: int = options.command(rest)
    except DevError as error:
        print(f"dev.py: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return code


def run(arguments: list[str]) -> int:
    """Start PortView, with the arguments handed on: ``run -- list --json``."""
    prepare()
    # The caller's working directory stays, so that file arguments mean what was typed. No module
    # comes from there; as root none comes from where a variable says either.
    is_root = not IS_WINDOWS and os.geteuid() == 0
    command = [str(VENV_PYTHON), "-I" if is_root else "-P", "-m", "portview", *arguments]
    if IS_WINDOWS:
        return subprocess.call(command)
    # In its place, so that signals and the exit code are the program's own.
    return os.execv(command[0], command)


def test(arguments: list[str]) -> int:
    """Run the test suite; arguments go to pytest."""
    prepare()
    install_test_tools()
    if not arguments:
        code = _lint_imports()
        if code:
            return code
    return _python("-m", "pytest", "-n", str(_workers()), *arguments)


_AS_WINDOWS = (
    *("--platform", "win32", "--no-warn-unused-ignores"),
    *("--disable-error-code", "attr-defined", "--disable-error-code", "name-defined"),
)
"""Has mypy read what runs on Windows alone, and pass over the modules of other systems."""


def lint(arguments: list[str]) -> int:
    """Check style, types, layers and the catalogue; ``--fix`` corrects what ruff can."""
    prepare()
    fix = "--fix" in arguments
    codes = [
        _python("-m", "ruff", "check", *(["--fix"] if fix else []), "."),
        _python("-m", "ruff", "format", *([] if fix else ["--check"]), "."),
        _python("-m", "mypy"),
        _python("-m", "mypy", *_AS_WINDOWS),
        _lint_imports(),
        _python(str(ROOT / "packaging" / "catalogue.py"), "check"),
    ]
    return max(codes)


def coverage(arguments: list[str]) -> int:
    """Run the test suite and measure what it ran; figures go to ``build/coverage``."""
    prepare()
    install_test_tools()
    folder = ROOT / "build" / "coverage"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    run = ["-m", "coverage", "run", "-m", "pytest", "-n", str(_workers()), *arguments]
    code = _python(*run)
    _python("-m", "coverage", "combine", "--quiet")
    summary = subprocess.run(
        [str(VENV_PYTHON), "-m", "coverage", "report", "--format=markdown"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    (folder / "summary.md").write_text(summary.stdout, encoding="utf-8")
    print("\n".join(summary.stdout.splitlines()[-1:]) or summary.stderr)
    return code


def mutate(arguments: list[str]) -> int:
    """Change modules that decide and see whether a test notices; ``mutate MODULE`` for one."""
    if IS_WINDOWS:
        raise DevError("changes are tested on Linux: mutmut needs fork()")
    prepare()
    install_test_tools()
    # Apart from the other tools: nothing else needs it.
    install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    if _python(*install, "--require-hashes", "-r", str(MUTATE_LOCK)):
        raise DevError("mutmut could not be installed; see pip's message above")
    return _python(str(ROOT / "packaging" / "mutation.py"), *arguments)


def messages(arguments: list[str]) -> int:
    """Check the catalogue of sentences; ``update``, ``export`` and ``import`` translations."""
    prepare()
    return _python(str(ROOT / "packaging" / "catalogue.py"), *arguments)


def bench(arguments: list[str]) -> int:
    """Measure PortView against its peers on real sockets; ``--json`` for programs."""
    prepare()
    return _python(str(ROOT / "tests" / "benchmarks" / "run.py"), *arguments)


def windows_test(arguments: list[str]) -> int:
    """Run the suite as Windows code, under Wine elsewhere; ``--shot FILE.png`` takes a picture.

    Arguments go to pytest; where one names tests, only those run.
    """
    if IS_WINDOWS:
        return test(arguments)
    if sys.platform != "linux":
        raise DevError("the Windows bench runs on Linux; here the suite runs with: dev.py test")
    prepare()
    sys.path.insert(0, str(ROOT / "packaging"))
    from windows_bench import BenchError, ensure_bench  # noqa: PLC0415 - loads with this command

    try:
        pip = [str(VENV_PYTHON), "-m", "pip"]
        bench = ensure_bench(LOCK, lambda line: print(line, file=sys.stderr), pip=pip)
        if arguments[:1] == ["--shot"]:
            if len(arguments) < 2:  # noqa: PLR2004 - the option and its value
                raise DevError("--shot needs the name of a PNG file")
            program = ["-m", "portview", *arguments[2:]]
            bench.shot(program, Path(arguments[1]).absolute(), repository=ROOT)
            return 0
        if any((ROOT / argument.partition("::")[0]).exists() for argument in arguments):
            return bench.python(["-m", "pytest", *arguments], repository=ROOT, own_network=True)
        # Several benches at once, not xdist: the workers of one would share one wineserver.
        return bench.pytest(arguments, repository=ROOT)
    except BenchError as error:
        raise DevError(str(error)) from error


def build_package(arguments: list[str]) -> int:
    """Build the Windows program and put it to the test; ``--help`` tells what else it can do."""
    if not IS_WINDOWS:  # where the build has an environment of its own
        prepare()
    if sys.platform == "linux" and not shutil.which("makensis"):
        _apt_install(["nsis"], "the installer is made with NSIS")
    sys.path.insert(0, str(ROOT / "packaging"))
    from package_windows import PackageError, package  # noqa: PLC0415 - loads with this command

    try:
        return package(arguments, [str(VENV_PYTHON), "-m", "pip"])
    except PackageError as error:
        raise DevError(str(error)) from error


def prepare() -> None:
    """Make ``.venv`` hold what the lock names, and the system what Qt needs."""
    if sys.version_info < (3, 11):  # noqa: UP036 - an older one can still say so
        raise DevError("PortView needs Python 3.11 or later")
    wanted = _fingerprint()
    if VENV_PYTHON.exists() and STAMP.exists() and STAMP.read_text() == wanted:
        return
    print("PortView: installing its dependencies into .venv (once) ...", file=sys.stderr)
    _make_venv()
    install = [str(VENV_PYTHON), "-m", "pip", "install", "--quiet", "--require-hashes"]
    if subprocess.call([*install, "--disable-pip-version-check", "-r", str(LOCK)]):
        raise DevError("the dependencies could not be installed; see pip's message above")
    _put_project_on_path()
    install_qt_libraries()
    # Written last: an installation that was cut short is done again.
    STAMP.write_text(wanted)


def install_qt_libraries() -> None:
    """See to the shared libraries that Qt loads on Linux; once per installation."""
    if sys.platform == "linux" and (missing := _missing_libraries()):
        _apt_install(QT_PACKAGES, f"Qt needs {', '.join(sorted(missing))}")


def install_test_tools() -> None:
    """See to the programs with which tests make network namespaces (Linux, root only)."""
    # Without root those tests skip and say so; their tools would be of no use.
    if sys.platform != "linux" or os.geteuid() != 0:
        return
    if not shutil.which("apt-get"):
        return
    tools = TEST_TOOLS if Path("/run/systemd/system").is_dir() else TEST_TOOLS | WITHOUT_SYSTEMD
    packages = {package for tool, package in tools.items() if not shutil.which(tool)}
    folder = Path("/usr/lib/python3/dist-packages")
    packages |= {
        package for name, package in FIREWALLD_LIBRARIES.items() if not (folder / name).exists()
    }
    if packages:
        _apt_install(sorted(packages), "the tests use real tools of Linux")
    for program, place in (
        ("firewalld", FIREWALLD),
        ("promtool", PROMETHEUS),
        ("prometheus-alertmanager", ALERTMANAGER),
    ):
        if not shutil.which(program) and not place.exists():
            _unpack(place)
    _lay_out_servers()


def _lay_out_servers() -> None:
    """See to the servers that tests start; see packaging/test_servers."""
    sys.path.insert(0, str(ROOT / "packaging"))
    from test_servers.lay_out import LayOutError, lay_out  # noqa: PLC0415 - loads with the tests

    def apt(arguments: list[str]) -> bool:
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C"}
        # A fresh machine may have no package lists yet.
        return _call_apt(arguments, environment) or (
            _call_apt(["update"], environment) and _call_apt(arguments, environment)
        )

    try:
        lay_out(SERVERS, [str(VENV_PYTHON), "-m", "pip"], apt)
    except LayOutError as error:
        raise DevError(f"the servers that tests start could not be laid out: {error}") from error


def _unpack(place: Path) -> None:
    """Lay out the package that is called like the folder, without installing it."""
    name = place.name
    print(f"PortView: unpacking {name} for the tests ...", file=sys.stderr)
    new = place.with_name(f"{name}.new")
    with tempfile.TemporaryDirectory() as folder:
        if subprocess.call(["apt-get", "download", "-qq", name], cwd=folder):
            raise DevError(f"apt-get could not download {name}, which the tests need")
        [package] = Path(folder).glob(f"{name}_*.deb")
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir(parents=True)
        if subprocess.call(["dpkg-deb", "--extract", str(package), str(new)]):
            raise DevError(f"the package {name} could not be unpacked")
    new.rename(place)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="dev.py", description=(__doc__ or "").partition("\n")[0])
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, command in {
        "run": run,
        "test": test,
        "lint": lint,
        "coverage": coverage,
        "messages": messages,
        "mutate": mutate,
        "bench": bench,
        "windows-test": windows_test,
        "package": build_package,
    }.items():
        description = (command.__doc__ or "").partition("\n")[0]
        # Help belongs to the program that the arguments go to.
        sub = commands.add_parser(name, help=description, add_help=False)
        sub.set_defaults(command=command)
    return parser


def _workers() -> int:
    return min(os.cpu_count() or 1, 4)


def _python(*arguments: str) -> int:
    return subprocess.call([str(VENV_PYTHON), *arguments], cwd=ROOT)


def _lint_imports() -> int:
    script = VENV_PYTHON.with_name("lint-imports.exe" if IS_WINDOWS else "lint-imports")
    return subprocess.call([str(script)], cwd=ROOT)


def _fingerprint() -> str:
    lock = hashlib.sha256(LOCK.read_bytes()).hexdigest()
    return f"{lock} {sys.version_info[0]}.{sys.version_info[1]} {ROOT}\n"


def _make_venv() -> None:
    try:
        import ensurepip  # noqa: F401, PLC0415 - Debian's python3 comes without it
    except ImportError:
        version = f"{sys.version_info[0]}.{sys.version_info[1]}"
        _apt_install([f"python{version}-venv"], "this Python can't make virtual environments")
    # The base interpreter: this one may be running out of the very folder that goes.
    python = getattr(sys, "_base_executable", sys.executable)
    if VENV.exists():
        shutil.rmtree(VENV)
    # A child process, because an ensurepip that was installed just now is new to this one.
    if subprocess.call([python, "-m", "venv", str(VENV)]):
        raise DevError(f"{VENV} could not be made")


def _put_project_on_path() -> None:
    libraries = subprocess.check_output(
        [str(VENV_PYTHON), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        text=True,
    ).strip()
    Path(libraries, "portview-checkout.pth").write_text(f"{ROOT}\n", encoding="utf-8")


def _missing_libraries() -> set[str]:
    pyside = next(VENV.glob("lib/python*/site-packages/PySide6"))
    plugins = pyside / "Qt" / "plugins"
    users = [
        pyside / "QtWidgets.abi3.so",
        plugins / "platforms" / "libqxcb.so",
        plugins / "platforms" / "libqoffscreen.so",
    ]
    linked = subprocess.run(
        ["ldd", *map(str, users)], capture_output=True, text=True, check=False
    ).stdout
    return {line.split()[0] for line in linked.splitlines() if line.endswith("not found")}


def _call_apt(arguments: list[str], environment: dict[str, str]) -> bool:
    """Run apt-get, and wait for another apt or dpkg that holds a lock; return whether it worked."""
    deadline = time.monotonic() + APT_PATIENCE_S
    told = False
    while True:
        # apt waits for dpkg's lock by itself, but gives up at once at that of the package lists.
        waiting = ["-o", f"DPkg::Lock::Timeout={APT_PATIENCE_S}"]
        done = subprocess.run(
            ["apt-get", *waiting, *arguments],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
            check=False,
        )
        is_locked = done.returncode != 0 and any(mark in done.stderr for mark in APT_LOCK_MARKS)
        if not is_locked or time.monotonic() >= deadline:
            sys.stderr.write(done.stderr)
            return done.returncode == 0
        if not told:
            print("PortView: another apt is at work; waiting for it ...", file=sys.stderr)
            told = True
        time.sleep(APT_PAUSE_S)


def _apt_install(packages: list[str] | tuple[str, ...], reason: str) -> None:
    arguments = ["install", "--yes", "--no-install-recommends", *packages]
    command = ["apt-get", *arguments]
    if not shutil.which("apt-get"):
        raise DevError(f"{reason}. Install what these Debian packages hold: {' '.join(packages)}")
    if os.geteuid() != 0:
        raise DevError(f"{reason}. Run this once, then try again:\n  sudo {shlex.join(command)}")
    # Its messages in English, by which a lock is told from another failure.
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C"}
    print(f"PortView: {reason}; installing {' '.join(packages)} ...", file=sys.stderr)
    # A fresh machine may have no package lists yet, an old one stale ones.
    if not _call_apt(arguments, environment) and not (
        _call_apt(["update"], environment) and _call_apt(arguments, environment)
    ):
        raise DevError(f"{reason}, and apt-get could not install: {' '.join(packages)}")


if __name__ == "__main__":
    sys.exit(main())
