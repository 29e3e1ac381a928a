"""Who listens at a port in another network namespace: a container, or what ``ip netns`` started."""

from __future__ import annotations

import os
import re
from collections import defaultdict
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from portview.domain.facts import Absent, Fact, Known, Remedy, Unreadable
from portview.domain.sockets.socket_row import Protocol
from portview.i18n import _

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from portview.domain.cancellation import CancelToken

_LISTEN, _UDP_OPEN = "0A", "07"
_CONTAINER = re.compile(r"docker|containerd|libpod|kubepods|crio|lxc|machine\.slice")


@dataclass(frozen=True, slots=True)
class ForeignListener:
    """A socket that waits for clients in another namespace, and a process that runs there.

    ``holder`` is the process that certainly has the socket, None where its descriptors can't be
    read. ``is_loopback_only`` says that it is bound to a loopback address in there.
    ``addresses`` are the IPv4 addresses of the namespace.
    """

    namespace: int
    resident: int
    holder: int | None
    is_container: bool
    is_loopback_only: bool
    addresses: tuple[str, ...] = ()


def listeners_elsewhere(
    port: int, protocol: Protocol, cancel: CancelToken
) -> Fact[tuple[ForeignListener, ...]]:
    """Return the listeners at a port in the namespaces of all processes that can be looked at.

    Absent where every process is in this namespace. Others' processes are only readable for root.
    Any thread.
    """
    own = _namespace("self")
    if own is None:
        return Unreadable(_("the namespaces of processes can't be read here"))
    by_namespace: dict[int, list[int]] = defaultdict(list)
    hidden = 0
    for name in os.listdir("/proc"):  # noqa: PTH208 - names of processes
        cancel.raise_if_cancelled()
        if not name.isdecimal():
            continue
        try:
            namespace = _namespace(name, strict=True)
        except PermissionError:
            hidden += 1
            continue
        if namespace is not None and namespace != own:
            by_namespace[namespace].append(int(name))
    found = tuple(_search(by_namespace, port, protocol, cancel))
    if found:
        return Known(found)
    if hidden:
        return Unreadable(
            _("the network namespaces of other users' processes can't be read"),
            Remedy.ADMINISTRATOR,
        )
    return Absent()


def _namespace(pid: str, *, strict: bool = False) -> int | None:
    try:
        return Path(f"/proc/{pid}/ns/net").stat().st_ino
    except PermissionError:
        if strict:
            raise
        return None
    except OSError:
        return None


def _search(
    by_namespace: dict[int, list[int]], port: int, protocol: Protocol, cancel: CancelToken
) -> Iterator[ForeignListener]:
    for namespace, pids in by_namespace.items():
        cancel.raise_if_cancelled()
        for address, inode in _listening(pids[0], port, protocol):
            holder = _holder(pids, inode)
            resident = holder or pids[0]
            yield ForeignListener(
                namespace,
                resident,
                holder,
                _is_container(resident),
                _is_loopback(address),
                own_addresses_of(pids[0]),
            )


def _listening(pid: int, port: int, protocol: Protocol) -> Iterator[tuple[str, int]]:
    """Yield address and inode of what waits at a port, from proc_pid_net(5)."""
    wanted = f":{port:04X}"
    state = _LISTEN if protocol is Protocol.TCP else _UDP_OPEN
    for name in (protocol.value, f"{protocol.value}6"):
        try:
            lines = Path(f"/proc/{pid}/net/{name}").read_text("ascii", "replace").splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            parts = line.split()
            if parts[1].endswith(wanted) and parts[3] == state:
                yield parts[1].partition(":")[0], int(parts[9])


def own_addresses_of(pid: int) -> tuple[str, ...]:
    """Return the IPv4 addresses of a process's network namespace, none of loopback.

    From the routing table (``fib_trie``), where each stands before the line "/32 host LOCAL".
    """
    try:
        lines = Path(f"/proc/{pid}/net/fib_trie").read_text("ascii", "replace").splitlines()
    except OSError:
        return ()
    found = [
        before.split()[-1]
        for before, line in pairwise(lines)
        if line.strip() == "/32 host LOCAL" and "|--" in before
    ]
    return tuple(dict.fromkeys(one for one in found if not one.startswith("127.")))


def _holder(pids: Iterable[int], inode: int) -> int | None:
    wanted = f"socket:[{inode}]"
    for pid in pids:
        try:
            for number in os.listdir(f"/proc/{pid}/fd"):  # noqa: PTH208 - names of descriptors
                if str(Path(f"/proc/{pid}/fd/{number}").readlink()) == wanted:
                    return pid
        except OSError:
            continue
    return None


def _is_container(pid: int) -> bool:
    try:
        return bool(_CONTAINER.search(Path(f"/proc/{pid}/cgroup").read_text("utf-8", "replace")))
    except OSError:
        return False


def _is_loopback(address: str) -> bool:
    # The kernel prints words in its own byte order: little-endian on every common machine.
    return address.endswith("7F") if len(address) == 8 else address == "0" * 24 + "01000000"  # noqa: PLR2004
