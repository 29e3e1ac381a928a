"""Whether signals reach a process: a frozen control group, or a wait inside the kernel.

Sources: proc_pid_stat(5); cgroups(7); Documentation/admin-guide/cgroup-v1/freezer-subsystem.rst and
cgroup-v2.rst of Linux. In the freezer of v1 a process does not even take SIGKILL; in v2 it does.
"""

from __future__ import annotations

import re
import shlex
import sys
import time
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from portview.domain.facts import Absent, Fact, Known, Remedy, Unreadable
from portview.domain.owners.blockage import Blockage, BlockageKind
from portview.i18n import _

_MOMENT_S = 0.3
"""How long a wait inside the kernel must last to be reported: a disk is usually faster."""
_LOOK_EVERY_S = 0.02
_MOST_THREADS = 256
# untranslated: what ends it, as one types it
_CONTAINERS = (
    (re.compile(r"(?:^|/)(?:docker[-/])([0-9a-f]{64})"), "docker unpause {}"),
    (re.compile(r"(?:^|/)libpod-([0-9a-f]{64})"), "podman unpause {}"),
    (re.compile(r"(?:^|/)lxc(?:\.payload\.|/)([A-Za-z0-9_-]+)"), "lxc-unfreeze -n {}"),
)
_UNIT = re.compile(r"[A-Za-z0-9:_.\\@-]+\.(?:service|scope|slice)")
_SHORT_ID = 12


class _Hierarchy(NamedTuple):
    """Where a hierarchy of control groups is mounted, from which of its groups on."""

    mount: str
    root: str
    is_v2: bool


def read_blockage(pid: int, *, moment_s: float = _MOMENT_S) -> Fact[Blockage]:
    """Return what keeps signals from the process that has this PID now. Any thread.

    Blocks for ``moment_s`` only where a thread of it waits inside the kernel all the while.
    """
    if sys.platform != "linux":
        return Absent()
    try:
        frozen = _frozen(pid)
        return Known(frozen) if frozen else _uninterruptible(pid, moment_s)
    except PermissionError:
        return Unreadable(_("its control group can't be read"), Remedy.ADMINISTRATOR)
    except (FileNotFoundError, ProcessLookupError):
        return Unreadable(_("it ended while it was read"), Remedy.RETRY)
    except (OSError, ValueError, IndexError) as error:
        return Unreadable(_("its state can't be read: {error}").format(error=error))


def _frozen(pid: int) -> Blockage | None:
    hierarchies = _hierarchies()
    for line in Path(f"/proc/{pid}/cgroup").read_text("utf-8", "surrogateescape").splitlines():
        number, controllers, path = line.split(":", 2)
        is_v2 = number == "0" and not controllers
        if not is_v2 and "freezer" not in controllers.split(","):
            continue
        for hierarchy in hierarchies:
            if hierarchy.is_v2 is is_v2 and (found := _frozen_group(hierarchy, path)):
                return found
    return None


def _frozen_group(hierarchy: _Hierarchy, path: str) -> Blockage | None:
    """Return the nearest group that was frozen itself, from that of the process upwards."""
    root = hierarchy.root.rstrip("/")
    if not path.startswith(f"{root}/") or "/../" in f"{path}/":
        return None  # It lies outside of what this process sees.
    inner = PurePosixPath(path[len(root) :])
    file, value = ("cgroup.freeze", "1") if hierarchy.is_v2 else ("freezer.self_freezing", "1")
    for group in (inner, *inner.parents):
        switch = Path(f"{hierarchy.mount}{group}", file)
        if str(group) == "/" or not switch.exists() or switch.read_text("ascii").strip() != value:
            continue
        return Blockage(
            BlockageKind.FROZEN,
            str(group),
            _thaw(str(group), Path(f"{hierarchy.mount}{group}"), is_v2=hierarchy.is_v2),
            even_kill_waits=not hierarchy.is_v2,
        )
    return None


def _thaw(group: str, folder: Path, *, is_v2: bool) -> str:
    """Return the command that releases a group, as whoever froze it would."""
    for pattern, command in _CONTAINERS:
        if match := pattern.search(group):
            return command.format(match[1][:_SHORT_ID])
    name = PurePosixPath(group).name
    if is_v2 and _UNIT.fullmatch(name):
        return f"systemctl thaw {name}"  # untranslated: a command
    if is_v2:
        return f"echo 0 > {shlex.quote(str(folder / 'cgroup.freeze'))}"
    # untranslated: a command
    return "echo THAWED > {quote}".format(quote=shlex.quote(str(folder / "freezer.state")))


def _hierarchies() -> tuple[_Hierarchy, ...]:
    """Return where groups can be frozen, from /proc/self/mountinfo (proc_pid_mountinfo(5))."""
    found = []
    for line in Path("/proc/self/mountinfo").read_text("utf-8", "surrogateescape").splitlines():
        place, _unused, source = line.partition(" - ")
        kind, _unused, options = ([*source.split(" ", 2), "", ""])[:3]
        is_v2 = kind == "cgroup2"
        if is_v2 or (kind == "cgroup" and "freezer" in options.split(",")):
            root, mount = place.split(" ")[3:5]
            found.append(_Hierarchy(_unescaped(mount), _unescaped(root), is_v2))
    return tuple(found)


def _unescaped(text: str) -> str:
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), text)


def _uninterruptible(pid: int, moment_s: float) -> Fact[Blockage]:
    deadline = time.monotonic() + moment_s
    threads = _waiting_threads(pid)
    while threads and time.monotonic() < deadline:
        time.sleep(_LOOK_EVERY_S)
        threads &= _waiting_threads(pid)
    if not threads:
        return Absent()
    return Known(Blockage(BlockageKind.UNINTERRUPTIBLE, waits_in=_waits_in(pid, min(threads))))


def _waiting_threads(pid: int) -> set[int]:
    """Return the threads that wait inside the kernel now."""
    found = set()
    for task in islice(Path(f"/proc/{pid}/task").iterdir(), _MOST_THREADS):
        try:
            stat = (task / "stat").read_bytes()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if stat[stat.rindex(b")") + 2 :][:1] == b"D":
            found.add(int(task.name))
    return found


def _waits_in(pid: int, thread: int) -> str:
    try:
        name = Path(f"/proc/{pid}/task/{thread}/wchan").read_text("ascii", "replace").strip()
    except OSError:
        return ""
    return "" if name == "0" else name
