"""With which rights a process runs: from /proc on Linux, from its token on Windows."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from portview.domain.facts import Fact, Known, Remedy, Unreadable
from portview.domain.owners.process_rights import ProcessRights
from portview.i18n import _

_NAMESPACES = ("mnt", "net", "pid", "user")


def read_process_rights(pid: int) -> Fact[ProcessRights]:
    """Return the rights of the process that has this PID now. Any thread; a few small reads."""
    try:
        if sys.platform == "linux":
            return _linux_rights(pid)
        if sys.platform == "win32":
            from portview.readers.windows.tokens import read_token_rights  # noqa: PLC0415

            return Known(read_token_rights(pid))
    except PermissionError:
        return Unreadable(_("the rights that it runs with can't be read"), Remedy.ADMINISTRATOR)
    except ProcessLookupError:
        return Unreadable(_("it ended while it was read"), Remedy.RETRY)
    except (OSError, ValueError, KeyError, IndexError) as error:
        return Unreadable(
            _("the rights that it runs with can't be read: {error}").format(error=error)
        )
    return Unreadable(_("this system does not say with which rights it runs"))


def _linux_rights(pid: int) -> Fact[ProcessRights]:
    folder = Path(f"/proc/{pid}")
    try:
        text = (folder / "status").read_text("utf-8", "replace")
        spaces = tuple(os.readlink(folder / "ns" / name) for name in _NAMESPACES)  # noqa: PTH115
    except FileNotFoundError as error:
        raise ProcessLookupError from error
    values = dict(line.partition(":\t")[::2] for line in text.splitlines() if ":\t" in line)
    users, groups = set(values["Uid"].split()), set(values["Gid"].split())
    if len(users) != 1 or len(groups) != 1:
        return Unreadable(_("it runs with the rights of two users or groups at once"))
    capabilities = int(values["CapPrm"], 16)
    return Known(
        ProcessRights(
            users.pop(),
            f"{capabilities:x}",
            is_privileged=capabilities != 0,
            group_id=int(groups.pop()),
            groups=tuple(sorted(int(group) for group in values.get("Groups", "").split())),
            namespaces=spaces,
            label=_label(folder),
        )
    )


def _label(folder: Path) -> str:
    """Return what a security module such as AppArmor or SELinux calls the process."""
    try:
        label = (folder / "attr/current").read_text("utf-8", "replace").strip("\0\n ")
    except OSError:
        return ""
    return "" if label == "unconfined" else label
