"""Settings of the kernel that decide who may use which port (ip-sysctl, capabilities(7))."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from portview.domain.facts import Absent, Fact, Known, Unreadable
from portview.i18n import _

if TYPE_CHECKING:
    from collections.abc import Iterator

_PROC_IPV4 = Path("/proc/sys/net/ipv4")
_PROC_IPV6 = Path("/proc/sys/net/ipv6")
_CAP_NET_BIND_SERVICE = 10
_MOST_ANCESTORS = 8
_FREEZER_WAITS = re.compile("refrigerator|freezer_trap")
_SELINUX = Path("/sys/fs/selinux/enforce")


def privileged_port_floor() -> Fact[int]:
    """Return the first port that every user may bind (``ip_unprivileged_port_start``)."""
    return _number(_PROC_IPV4 / "ip_unprivileged_port_start")


def may_bind_privileged_ports() -> Fact[bool]:
    """Return whether this process has CAP_NET_BIND_SERVICE in its effective set."""
    try:
        status = Path("/proc/self/status").read_text("ascii", "replace")
    except OSError as error:
        return Unreadable(
            _("{path} can't be read: {reason}").format(
                path="/proc/self/status", reason=error.strerror
            )
        )
    found = re.search(r"^CapEff:\s*([0-9a-f]+)$", status, re.MULTILINE)
    if not found:
        return Unreadable(_("the kernel does not say which capabilities this process has"))
    return Known(bool(int(found[1], 16) >> _CAP_NET_BIND_SERVICE & 1))


def is_ipv6_off(interface: str = "all") -> Fact[bool]:
    """Return whether IPv6 is switched off (``disable_ipv6``); Absent where the kernel has none."""
    path = _PROC_IPV6 / "conf" / interface / "disable_ipv6"
    number = _number(path)
    if isinstance(number, Known):
        return Known(bool(number.value))
    return number


def is_selinux_enforcing() -> Fact[bool]:
    """Return whether SELinux enforces its policy; Absent where it is not loaded."""
    number = _number(_SELINUX)
    return Known(bool(number.value)) if isinstance(number, Known) else number


def descriptor_use(pid: int) -> Fact[tuple[int, int]]:
    """Return how many descriptors a process has open, and how many it may have."""
    try:
        used = len(os.listdir(f"/proc/{pid}/fd"))  # noqa: PTH208 - thousands of names, no paths
        limits = Path(f"/proc/{pid}/limits").read_text("ascii", "replace")
    except FileNotFoundError:
        return Absent()
    except OSError as error:
        return Unreadable(
            _("its descriptors can't be counted: {reason}").format(reason=error.strerror)
        )
    found = re.search(r"^Max open files\s+(\d+|unlimited)", limits, re.MULTILINE)
    if not found or found[1] == "unlimited":
        return Absent()
    return Known((used, int(found[1])))


def is_frozen(pid: int) -> Fact[bool]:
    """Return whether the process is suspended in a frozen control group (cgroups(7)).

    ``docker pause`` and ``systemctl freeze`` do that. Both generations of control groups are read,
    and where the kernel has the process wait, as their files may be out of sight.
    """
    if _FREEZER_WAITS.search(_text(Path(f"/proc/{pid}/wchan"))):
        return Known(value=True)
    try:
        lines = Path(f"/proc/{pid}/cgroup").read_text("utf-8", "replace").splitlines()
    except FileNotFoundError:
        return Absent()
    except OSError as error:
        return Unreadable(
            _("its control group can't be read: {reason}").format(reason=error.strerror)
        )
    for line in lines:
        hierarchy, _colon, rest = line.partition(":")
        controllers, _colon, group = rest.partition(":")
        if hierarchy == "0":
            paths = [
                f"/sys/fs/cgroup{group}/cgroup.events",
                f"/sys/fs/cgroup/unified{group}/cgroup.events",
            ]
            marks: tuple[str, ...] = ("frozen 1",)
        elif "freezer" in controllers.split(","):
            paths, marks = [f"/sys/fs/cgroup/freezer{group}/freezer.state"], ("FROZEN", "FREEZING")
        else:
            continue
        texts = (_text(Path(root + path)) for root in _roots() for path in paths)
        first = next(filter(None, texts), "")
        if any(mark in first for mark in marks):
            return Known(value=True)
    return Known(value=False)


def _roots() -> Iterator[str]:
    """Yield where control groups may be mounted: here, or as the processes above this one see it.

    ``ip netns exec`` gives what it starts another /sys, without them.
    """
    yield ""
    pid = os.getppid()
    for _step in range(_MOST_ANCESTORS):
        if pid <= 1:
            return
        yield f"/proc/{pid}/root"
        fields = _text(Path(f"/proc/{pid}/stat")).rpartition(")")[2].split()
        pid = int(fields[1]) if len(fields) > 1 else 0


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8", "replace")
    except OSError:
        return ""


def _number(path: Path) -> Fact[int]:
    try:
        return Known(int(path.read_text("ascii")))
    except FileNotFoundError:
        return Absent()
    except (OSError, ValueError) as error:
        return Unreadable(_("{path} can't be read: {reason}").format(path=path, reason=error))
