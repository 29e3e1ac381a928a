"""Settings of the kernel that decide who may use which port (ip-sysctl, capabilities(7))."""

from __future__ import annotations

import os
import re
from pathlib import Path

from portview.domain.facts import Absent, Fact, Known, Unreadable

_PROC_IPV4 = Path("/proc/sys/net/ipv4")
_PROC_IPV6 = Path("/proc/sys/net/ipv6")
_CAP_NET_BIND_SERVICE = 10
_FREEZER_V1 = Path("/sys/fs/cgroup/freezer")
_SELINUX = Path("/sys/fs/selinux/enforce")


def privileged_port_floor() -> Fact[int]:
    """Return the first port that every user may bind (``ip_unprivileged_port_start``)."""
    return _number(_PROC_IPV4 / "ip_unprivileged_port_start")


def may_bind_privileged_ports() -> Fact[bool]:
    """Return whether this process has CAP_NET_BIND_SERVICE in its effective set."""
    try:
        status = Path("/proc/self/status").read_text("ascii", "replace")
    except OSError as error:
        return Unreadable(f"/proc/self/status can't be read: {error.strerror}")
    found = re.search(r"^CapEff:\s*([0-9a-f]+)$", status, re.MULTILINE)
    if not found:
        return Unreadable("the kernel does not say which capabilities this process has")
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
        return Unreadable(f"its descriptors can't be counted: {error.strerror}")
    found = re.search(r"^Max open files\s+(\d+|unlimited)", limits, re.MULTILINE)
    if not found or found[1] == "unlimited":
        return Absent()
    return Known((used, int(found[1])))


def is_frozen(pid: int) -> Fact[bool]:
    """Return whether the process stands still in a frozen control group (cgroups(7)).

    ``docker pause`` and ``systemctl freeze`` do that. Both generations of control groups are read.
    """
    try:
        lines = Path(f"/proc/{pid}/cgroup").read_text("utf-8", "replace").splitlines()
    except FileNotFoundError:
        return Absent()
    except OSError as error:
        return Unreadable(f"its control group can't be read: {error.strerror}")
    for line in lines:
        hierarchy, _, rest = line.partition(":")
        controllers, _, group = rest.partition(":")
        if hierarchy == "0":
            for root in ("/sys/fs/cgroup", "/sys/fs/cgroup/unified"):
                if "frozen 1" in _text(Path(root + group) / "cgroup.events"):
                    return Known(value=True)
        elif "freezer" in controllers.split(","):
            state = _text(Path(str(_FREEZER_V1) + group) / "freezer.state").strip()
            if state in {"FROZEN", "FREEZING"}:
                return Known(value=True)
    return Known(value=False)


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
        return Unreadable(f"{path} can't be read: {error}")
