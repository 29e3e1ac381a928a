"""Why the owner of a socket may not be seen, and what would make it visible.

"Become root" helps an ordinary user. It doesn't help root, who lacks a capability (a container, a
service with a bounding set), looks from inside a user namespace, or is kept out by a security
module.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from portview.domain.sockets.socket_row import OwnerProblem
from portview.i18n import _

if TYPE_CHECKING:
    from collections.abc import Sequence

_CAP_DAC_OVERRIDE = 1 << 1
_CAP_DAC_READ_SEARCH = 1 << 2
_CAP_SYS_PTRACE = 1 << 19
"""linux/capability.h. /proc/PID/fd needs the third for its links (PTRACE_MODE_READ_FSCREDS,
proc(5)) and one of the others for the folder itself."""

_ACTING_CAPABILITIES = {
    _CAP_DAC_OVERRIDE: "CAP_DAC_OVERRIDE",
    1 << 5: "CAP_KILL",
    1 << 12: "CAP_NET_ADMIN",
    _CAP_SYS_PTRACE: "CAP_SYS_PTRACE",
}
"""What PortView's changes need: to stop, to change the firewall and connections, to look."""

_WHOLE_UID_MAP = ["0", "0", "4294967295"]
"""The only line of uid_map in the first user namespace (user_namespaces(7))."""

_MOST_PIDS_NAMED = 3


class OwnerAccess(NamedTuple):
    """Why an owner isn't visible. ``detail`` names the capability or the processes."""

    problem: OwnerProblem
    detail: str = ""


def hidden_owner_access(denied_pids: Sequence[int] = ()) -> OwnerAccess:
    """Return why this process may not see an owner that exists.

    ``denied_pids`` are the processes that refused. Linux: from /proc/self/status and uid_map.
    """
    from portview.readers.elevation import is_elevated  # noqa: PLC0415 - only where one is hidden

    if not is_elevated():
        return OwnerAccess(OwnerProblem.ACCESS_DENIED)
    if sys.platform == "linux":
        missing = missing_capabilities(_effective_capabilities())
        if missing:
            return OwnerAccess(OwnerProblem.MISSING_CAPABILITY, ", ".join(missing))
        if _is_inner_user_namespace():
            return OwnerAccess(OwnerProblem.OTHER_NAMESPACE, "user")
    named = ", ".join(map(str, denied_pids[:_MOST_PIDS_NAMED]))
    more = "" if len(denied_pids) <= _MOST_PIDS_NAMED else ", \u2026"
    return OwnerAccess(OwnerProblem.PROTECTED, f"{named}{more}")


def elevated_limit() -> str:
    """Return why administrator rights, which this process has, were not enough, in a sentence."""
    if sys.platform == "win32":
        return _(
            "PortView already runs as administrator. Windows itself protects this, or a policy of "
            "this computer does."
        )
    if sys.platform == "linux":
        effective = _effective_capabilities()
        missing = [
            name
            for bit, name in _ACTING_CAPABILITIES.items()
            if effective is not None and not effective & bit
        ]
        if missing:
            return _(
                "PortView already runs as root, but without {capabilities}. Run it on the host, or "
                "give these to its container (docker run --cap-add) or service."
            ).format(capabilities=", ".join(missing))
        if _is_inner_user_namespace():
            return _(
                "PortView already runs as root, but of a user namespace only. Run it on the host."
            )
    return _("PortView already runs as root. A security policy of this system forbids this.")


def missing_capabilities(effective: int | None) -> tuple[str, ...]:
    """Return which capabilities are missing for looking into the processes of other users.

    ``effective`` is the CapEff mask (capabilities(7)), None where it could not be read.
    """
    if effective is None:
        return ()
    missing = [] if effective & _CAP_SYS_PTRACE else ["CAP_SYS_PTRACE"]
    if not effective & (_CAP_DAC_OVERRIDE | _CAP_DAC_READ_SEARCH):
        missing.append("CAP_DAC_READ_SEARCH")
    return tuple(missing)


def _effective_capabilities() -> int | None:
    try:
        for line in Path("/proc/self/status").read_text("ascii", "replace").splitlines():
            if line.startswith("CapEff:"):
                return int(line.split()[1], 16)
    except (OSError, ValueError, IndexError):
        return None
    return None


def _is_inner_user_namespace() -> bool:
    try:
        return Path("/proc/self/uid_map").read_text("ascii").split() != _WHOLE_UID_MAP
    except (OSError, ValueError):
        return False


def pid_namespace_is_inner() -> bool:
    """Return whether this process sees the processes of an inner PID namespace only (Linux)."""
    try:
        return os.stat("/proc/self/ns/pid").st_ino != _INITIAL_PID_NAMESPACE  # noqa: PTH116 - light
    except OSError:
        return False


_INITIAL_PID_NAMESPACE = 0xEFFFFFFC
"""Inode of the first PID namespace (PROC_PID_INIT_INO of linux/proc_ns.h)."""
