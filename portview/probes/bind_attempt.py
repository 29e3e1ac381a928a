"""One bind of one socket with the options that a server sets, and its end. No meaning yet."""

from __future__ import annotations

import socket
import sys
from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING, Any

from portview.domain.sockets.socket_row import Family, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    from portview.probes.bind_places import BindPlace

WINDOWS = "win32"
_SO_EXCLUSIVEADDRUSE = -5
"""~SO_REUSEADDR of winsock2.h; Python names it on Windows only."""
_SO_REUSEPORT = 15
_SO_BINDTODEVICE = 25
"""socket(7); Python names the second from 3.8 on for Linux only."""


class BindOption(Enum):
    """What a server sets before it binds.

    PLAIN: nothing. REUSE: SO_REUSEADDR, as servers do on Linux and other Unixes. SHARE: with
    SO_REUSEPORT as well, as programs do that share a multicast port. EXCLUSIVE:
    SO_EXCLUSIVEADDRUSE, which Windows alone has.
    """

    PLAIN = auto()
    REUSE = auto()
    SHARE = auto()
    EXCLUSIVE = auto()


@dataclass(frozen=True, slots=True)
class Binder:
    """Binds sockets of one system; both can be handed in for tests."""

    platform: str = sys.platform
    open_socket: Callable[..., Any] = socket.socket

    def attempt(
        self,
        place: BindPlace,
        port: int,
        protocol: Protocol,
        option: BindOption,
        *,
        listens: bool = False,
    ) -> int | None:
        """Bind, listen where asked to, and close at once; return None or the error number.

        Listening is never done on Windows, whose firewall would ask the person about it.
        """
        kind = socket.SOCK_STREAM if protocol is Protocol.TCP else socket.SOCK_DGRAM
        try:
            with self.open_socket(place.socket_family, kind) as holder:
                self._set_options(holder, place, option)
                holder.bind(place.sockaddr(port))
                if listens and protocol is Protocol.TCP and self.platform != WINDOWS:
                    holder.listen(1)
        except OSError as error:
            return error.errno or 0
        return None

    def _set_options(self, holder: Any, place: BindPlace, option: BindOption) -> None:
        if self.platform == WINDOWS and option is BindOption.EXCLUSIVE:
            holder.setsockopt(socket.SOL_SOCKET, _SO_EXCLUSIVEADDRUSE, 1)
        elif self.platform != WINDOWS and option in {BindOption.REUSE, BindOption.SHARE}:
            holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if self.platform == "linux" and option is BindOption.SHARE:
            holder.setsockopt(socket.SOL_SOCKET, _SO_REUSEPORT, 1)
        if self.platform == "linux" and place.device:
            name = place.device.encode("utf-8", "surrogateescape")
            holder.setsockopt(socket.SOL_SOCKET, _SO_BINDTODEVICE, name)
        if place.family is Family.IPV6:
            level, name_of_option = socket.IPPROTO_IPV6, socket.IPV6_V6ONLY
            holder.setsockopt(level, name_of_option, int(not place.is_dual_stack))
