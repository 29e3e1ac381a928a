"""Make a closed port on Windows answer at once."""

from __future__ import annotations

import ctypes
import sys
from typing import TYPE_CHECKING

from portview.readers.windows.dll import bind, load_library

if TYPE_CHECKING:
    import socket

_SIO_TCP_INITIAL_RTO = 0x98000011
_LEAVE_RTT = 0xFFFF
_NO_SYN_RETRANSMISSIONS = 0xFE
_ONE_SYN_RETRANSMISSION = 1


class _InitialRtoParameters(ctypes.Structure):
    _fields_ = (("rtt", ctypes.c_ushort), ("max_syn_retransmissions", ctypes.c_ubyte))


def switch_off_syn_retries(connection: socket.socket) -> None:
    """Report Windows not to repeat a SYN after a reset, which makes a refusal cost about 2 s.

    Only for hosts that don't lose packets, such as this machine. Does nothing elsewhere; a failure
    is of no account, because this only saves time. Python's ``socket.ioctl`` refuses codes that it
    does not know, so WSAIoctl is called itself.
    https://learn.microsoft.com/windows/win32/winsock/sio-tcp-initial-rto
    """
    if sys.platform != "win32":
        return
    wsa_ioctl = bind(
        load_library("ws2_32.dll"),
        "WSAIoctl",
        ctypes.c_int,
        ctypes.c_size_t,
        ctypes.c_ulong,
        ctypes.c_void_p,
        ctypes.c_ulong,
        ctypes.c_void_p,
        ctypes.c_ulong,
        ctypes.POINTER(ctypes.c_ulong),
        ctypes.c_void_p,
        ctypes.c_void_p,
    )
    returned = ctypes.c_ulong()
    # None at all is understood from Windows 10 1709 on; 1 is the least that works before.
    for retransmissions in (_NO_SYN_RETRANSMISSIONS, _ONE_SYN_RETRANSMISSION):
        parameters = _InitialRtoParameters(_LEAVE_RTT, retransmissions)
        failed = wsa_ioctl(
            connection.fileno(),
            _SIO_TCP_INITIAL_RTO,
            ctypes.byref(parameters),
            ctypes.sizeof(parameters),
            None,
            0,
            ctypes.byref(returned),
            None,
            None,
        )
        if not failed:
            return
