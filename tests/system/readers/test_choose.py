"""The reader that is chosen here, and what people are told of it."""

from __future__ import annotations

import socket
import sys
from typing import TYPE_CHECKING, Any

import pytest

from portview.domain.errors import Outcome, PortViewError
from portview.domain.sockets.socket_row import Endpoint
from portview.readers.choose import open_reader, reader_names

if TYPE_CHECKING:
    from collections.abc import Callable


def test_the_native_reader_comes_first_and_psutil_last() -> None:
    assert reader_names()[-1] == "psutil"
    if sys.platform == "linux":
        assert reader_names() == ("sock_diag", "psutil")


@pytest.mark.parametrize("name", [None, *reader_names()])
def test_every_reader_sees_a_listener_of_this_process(name: str | None) -> None:
    reader = open_reader(name)
    try:
        with socket.create_server(("127.0.0.1", 0)) as server:
            snapshot = reader.read_settled()
            local = Endpoint(*server.getsockname())
            (row,) = [row for row in snapshot.rows if row.local == local]
        assert row.owner is not None
        assert snapshot.processes[row.owner].command_line
        assert snapshot.source == reader.source == (name or reader_names()[0])
        assert snapshot.notes == ()
    finally:
        reader.close()


def test_an_unknown_reader_is_bad_input() -> None:
    with pytest.raises(PortViewError) as caught:
        open_reader("telepathy")
    assert caught.value.outcome is Outcome.BAD_INPUT
    assert "psutil" in caught.value.hint


@pytest.mark.linux_only(reason="has a child forbid itself netlink sockets")
def test_without_netlink_psutil_reads_and_says_so(child: Callable[..., Any]) -> None:
    code = """
import ctypes, os, socket
# A seccomp filter as some containers have: socket(AF_NETLINK, ...) fails with EAFNOSUPPORT.
import struct
BPF_LD_W_ABS, BPF_JEQ, BPF_RET = 0x20, 0x15, 0x06
ARG0 = 16
number = {"x86_64": 41, "aarch64": 198}[os.uname().machine]
program = b"".join(struct.pack("HBBI", *line) for line in [
    (BPF_LD_W_ABS, 0, 0, 0), (BPF_JEQ, 0, 3, number),
    (BPF_LD_W_ABS, 0, 0, ARG0), (BPF_JEQ, 0, 1, 16),
    (BPF_RET, 0, 0, 0x00050000 | 97), (BPF_RET, 0, 0, 0x7FFF0000),
])
libc = ctypes.CDLL(None, use_errno=True)
instructions = ctypes.create_string_buffer(program)
filter = struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(instructions))
assert libc.prctl(38, 1, 0, 0, 0) == 0
assert libc.prctl(22, 2, ctypes.c_char_p(filter), 0, 0) == 0
from portview.readers.choose import open_reader
with socket.create_server(("127.0.0.1", 0)) as server:
    snapshot = open_reader().read()
    ports = [row.local.port for row in snapshot.rows]
    print(snapshot.source, server.getsockname()[1] in ports, *snapshot.notes, flush=True)
"""
    told = child(code).hear()
    assert told.startswith("psutil True This system does not let PortView ask")
    assert told.endswith("reads through psutil instead.")
