"""The first process of a visit: puts the root together, runs the command in it, goes.

Started by `visit.enter` as process 1 of new namespaces. When it ends, for whatever reason, the
kernel kills what is left in them and drops their mounts, so nothing here has to tidy up.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn

from .picture import Picture, difference_box, read_xwd, to_png
from .visit import PictureOrder

if TYPE_CHECKING:
    from types import FrameType

HOST_NAME: Final = "PORTVIEW-BENCH"
NO_PICTURE: Final = 125
"""Exit code of a visit whose screen stayed empty although a picture was ordered."""

_SCREEN_DIRECTORY: Final = "tmp/screen"
_FRAME_BUFFER: Final = f"{_SCREEN_DIRECTORY}/Xvfb_screen0"
_SIOCGIFFLAGS: Final = 0x8913
_SIOCSIFFLAGS: Final = 0x8914
_IFF_UP: Final = 1
_LOOK_S: Final = 0.2


def main(arguments: list[str]) -> int:
    """Carry out the visit that the first argument describes, in JSON."""
    order = json.loads(arguments[0])
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _leave)
    threading.Thread(target=_leave_with_caller, args=(order["lifeline"],), daemon=True).start()
    os.chdir(order["home"])
    if order["processors"]:
        os.sched_setaffinity(0, order["processors"])
    socket.sethostname(HOST_NAME)
    _raise_loopback()
    if order["layers"]:
        root = _assemble(order["layers"], is_lasting=order["is_lasting"])
        _furnish(root, order["binds"])
    else:
        root = Path("/")
        _must_mount("-t", "proc", "proc", "/proc")
    environment = dict(order["environment"])
    if order["screen"]:
        environment["DISPLAY"] = _start_screen(root, *order["screen"])
    if not order["picture"]:
        return _wait(_start(root, order["directory"], order["command"], environment))
    return _take_picture(root, order, environment, PictureOrder(**order["picture"]))


def _leave(number: int, _frame: FrameType | None) -> NoReturn:
    os._exit(128 + number)


def _leave_with_caller(lifeline: int) -> None:
    # The caller never writes: the read returns when it closed its end, or is no more.
    os.read(lifeline, 1)
    os._exit(128 + signal.SIGTERM)


def _mount(*arguments: str | Path) -> bool:
    done = subprocess.run(["mount", *map(str, arguments)], check=False, capture_output=True)
    return done.returncode == 0


def _must_mount(*arguments: str | Path) -> None:
    if not _mount(*arguments):
        raise SystemExit(f"bench: mount {' '.join(map(str, arguments))} failed")


def _assemble(layers: list[str], *, is_lasting: bool) -> Path:
    if is_lasting:
        return Path(layers[0]).resolve()
    scratch = Path("scratch")
    _must_mount("-t", "tmpfs", "-o", "mode=0755", "tmpfs", scratch)
    for name in ("root", "upper", "work"):
        (scratch / name).mkdir()
    # Relative names, because a colon in an absolute one would part two layers.
    stack = f"lowerdir={':'.join(reversed(layers))},upperdir=scratch/upper,workdir=scratch/work"
    if not _mount("-t", "overlay", "-o", stack, "overlay", scratch / "root"):
        _assemble_by_copy(layers, scratch / "root")
    return (scratch / "root").resolve()


def _assemble_by_copy(layers: list[str], root: Path) -> None:
    """Bind what is only read and copy what is written, where there is no overlayfs."""
    written = {"prefix", "etc"}
    for entry in Path(layers[0]).iterdir():
        target = root / entry.name
        if entry.is_symlink():
            target.symlink_to(entry.readlink())
            continue
        target.mkdir()
        if entry.name in {"usr", "var"}:
            _must_mount("--bind", entry, target)
    for layer in layers:
        for name in written:
            if (Path(layer) / name).is_dir():
                source = f"{Path(layer) / name}/."
                command = ["cp", "-a", "--reflink=auto", source, str(root / name)]
                subprocess.run(command, check=True)


def _furnish(root: Path, binds: list[list[str]]) -> None:
    for name in ("proc", "dev", "tmp"):
        (root / name).mkdir(exist_ok=True)
    _must_mount("-t", "proc", "proc", root / "proc")
    _must_mount("--rbind", "/dev", root / "dev")
    _mount("-t", "tmpfs", "tmpfs", root / "dev/shm")
    _must_mount("-t", "tmpfs", "-o", "mode=1777", "tmpfs", root / "tmp")
    if Path("/etc/resolv.conf").exists():
        (root / "etc/resolv.conf").unlink(missing_ok=True)
        shutil.copyfile("/etc/resolv.conf", root / "etc/resolv.conf")
    hosts = f"127.0.0.1 localhost {HOST_NAME}\n::1 localhost {HOST_NAME}\n"
    (root / "etc/hosts").write_text(hosts, encoding="ascii")
    for source, target in binds:
        place = root / target.lstrip("/")
        place.mkdir(parents=True, exist_ok=True)
        _must_mount("--rbind", source, place)


def _raise_loopback() -> None:
    # A new network namespace starts with its loopback down; elsewhere it is up already.
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        request = struct.pack("16sh22x", b"lo", 0)
        answer = fcntl.ioctl(control, _SIOCGIFFLAGS, request)
        flags = struct.unpack("16sh22x", answer)[1]
        if not flags & _IFF_UP:
            fcntl.ioctl(control, _SIOCSIFFLAGS, struct.pack("16sh22x", b"lo", flags | _IFF_UP))


def _start_screen(root: Path, width: int, height: int) -> str:
    for name in (_SCREEN_DIRECTORY, "tmp/.X11-unix"):
        (root / name).mkdir(mode=0o1777)
    read_end, write_end = os.pipe()
    subprocess.Popen(
        [
            *("chroot", str(root), "Xvfb", "-displayfd", str(write_end)),
            *("-screen", "0", f"{width}x{height}x24", "-fbdir", f"/{_SCREEN_DIRECTORY}"),
            *("-nolisten", "tcp", "-noreset", "-nocursor", "-dpi", "96"),
        ],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        pass_fds=(write_end,),
    )
    os.close(write_end)
    with os.fdopen(read_end) as answer:
        number = answer.readline().strip()
    if not number:
        raise SystemExit("bench: Xvfb did not start")
    return f":{number}"


def _start(root: Path, directory: str, command: list[str], environment: dict[str, str]) -> int:
    process = subprocess.Popen(
        ["chroot", str(root), "env", f"--chdir={directory}", *command], env=environment
    )
    return process.pid


def _wait(pid: int) -> int:
    """Give the exit code of a child, and bury the orphans that end before it."""
    while (ended := os.waitpid(-1, 0))[0] != pid:
        pass
    return _exit_code(ended[1])


def _wait_briefly(pid: int) -> int | None:
    """Give the exit code of a child, or None if it still runs in a moment."""
    time.sleep(_LOOK_S)
    while (ended := os.waitpid(-1, os.WNOHANG))[0] not in {pid, 0}:
        pass
    return _exit_code(ended[1]) if ended[0] else None


def _exit_code(status: int) -> int:
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else 128 - code


def _take_picture(
    root: Path, order: dict[str, Any], environment: dict[str, str], wanted: PictureOrder
) -> int:
    before = _look(root)
    pid = _start(root, order["directory"], order["command"], environment)
    started = time.monotonic()
    latest, changed_at, appeared_at = before, started, 0.0
    while True:
        code = _wait_briefly(pid)
        now, current = time.monotonic(), _look(root)
        if current != latest:
            latest, changed_at = current, now
            appeared_at = appeared_at or now
        is_settled = now - changed_at >= wanted.settle_s or now - appeared_at >= wanted.limit_s
        if appeared_at and (is_settled or code is not None):
            _save(before, latest, wanted)
            return 0
        if code is not None or now - started >= wanted.patience_s:
            return code or NO_PICTURE


def _look(root: Path) -> Picture:
    return read_xwd((root / _FRAME_BUFFER).read_bytes())


def _save(before: Picture, after: Picture, wanted: PictureOrder) -> None:
    box = difference_box(before, after) if wanted.is_cropped else None
    Path(wanted.file).write_bytes(to_png(after.cropped(*box) if box else after))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
