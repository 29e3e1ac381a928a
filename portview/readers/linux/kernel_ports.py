"""Which part of the Linux kernel has a port: tunnels, NFS. No process ever holds such a socket."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

from portview.domain.sockets.socket_row import Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable

_TIMEOUT_S = 2.0
_NFSD = Path("/proc/fs/nfsd/portlist")


def kernel_user_of_port(port: int, protocol: Protocol) -> str:
    """Return what in the kernel has a port, "vxlan interface vx0", "" where nothing is known.

    Runs ``ip`` and, where there is one, ``wg``; two seconds each at most. Any thread.
    """
    if protocol is Protocol.UDP:
        links = _output("ip", "-json", "-details", "link", "show")
        if found := tunnel_of_port(links, port) or _wireguard(port):
            return found
    try:
        listed = _NFSD.read_text("ascii", "replace")
    except OSError:
        return ""
    return "nfsd" if _is_listed(listed.splitlines(), port, protocol) else ""


def tunnel_of_port(links: str, port: int) -> str:
    """Return the tunnel that receives on a UDP port in what ``ip -json -details link`` prints."""
    try:
        entries: list[dict[str, Any]] = json.loads(links)
    except ValueError:
        return ""
    for entry in entries:
        info = entry.get("linkinfo", {})
        data = info.get("info_data", {})
        kind = info.get("info_kind", "")
        if port in {data.get("port"), data.get("dstport"), data.get("local_port")}:
            return f"{kind} interface {entry.get('ifname', '')}"
    return ""


def _wireguard(port: int) -> str:
    for line in _output("wg", "show", "all", "listen-port").splitlines():
        words = line.split()
        if len(words) == 2 and words[1] == str(port):  # noqa: PLR2004 - interface and port
            return f"wireguard interface {words[0]}"
    return ""


def _is_listed(lines: Iterable[str], port: int, protocol: Protocol) -> bool:
    return any(line.split() == [protocol.value, str(port)] for line in lines)


def _output(tool: str, *words: str) -> str:
    path = shutil.which(tool)
    if path is None:
        return ""
    try:
        done = subprocess.run(  # noqa: S603 - a system program with words of our own
            [path, *words],
            capture_output=True,
            check=False,
            stdin=subprocess.DEVNULL,
            timeout=_TIMEOUT_S,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.decode("utf-8", "replace")
