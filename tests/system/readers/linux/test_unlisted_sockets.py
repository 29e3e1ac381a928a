"""Sockets that are in no folder of descriptors: threads, rings, transit, the kernel itself."""

from __future__ import annotations

import json
import socket
import struct
import threading
from contextlib import suppress
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from portview.domain.sockets.socket_row import OwnerProblem, Protocol, SocketRow
from portview.readers.linux.kernel_sockets import KernelSockets, port_of_wireguard, ports_of_link
from portview.readers.linux.netlink_messages import attributes, encode_attribute, messages
from portview.readers.linux.rpc_services import kernel_rpc_ports, read_registrations
from portview.readers.linux.sockets import LinuxSocketReader
from portview.readers.owner_access import missing_capabilities
from portview.readers.process_identity import process_key

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    StartChild = Callable[..., Any]

pytestmark = pytest.mark.linux_only(reason="reads NETLINK_SOCK_DIAG and /proc")

MAIN_THREAD_EXITS = """
import ctypes, os, socket, sys, threading
server = socket.create_server(("127.0.0.1", 0))
def serve():
    # This thread stays until the test closes its input.
    sys.stdin.readline()
    os._exit(0)
threading.Thread(target=serve).start()
print(server.getsockname()[1], flush=True)
# The exit of this thread alone (exit(2), not exit_group).
ctypes.CDLL(None).syscall({"x86_64": 60}.get(os.uname().machine, 93), 0)
"""

THREAD_WITH_OWN_TABLE = """
import ctypes, socket, sys, threading
CLONE_FILES = 0x400
is_open = threading.Event()
ends = threading.Event()
def serve():
    assert ctypes.CDLL(None).unshare(CLONE_FILES) == 0
    with socket.create_server(("127.0.0.1", 0)) as server:
        print(server.getsockname()[1], flush=True)
        ends.wait()
threads = [threading.Thread(target=ends.wait), threading.Thread(target=serve)]
for thread in threads:
    thread.start()
sys.stdin.readline()
ends.set()
"""

REGISTERED_WITH_A_RING = """
import ctypes, os, socket, sys
libc = ctypes.CDLL(None, use_errno=True)
IO_URING_SETUP, IO_URING_REGISTER, REGISTER_FILES = 425, 427, 2
ring = libc.syscall(IO_URING_SETUP, 4, (ctypes.c_uint * 30)())
server = socket.create_server(("127.0.0.1", 0))
port = server.getsockname()[1]
files = (ctypes.c_int * 2)(-1, server.fileno())
if ring < 0 or libc.syscall(IO_URING_REGISTER, ring, REGISTER_FILES, files, 2):
    print(0, flush=True)
else:
    server.close()
    print(port, flush=True)
sys.stdin.readline()
"""

IN_TRANSIT = """
import json, os, socket, sys
from portview.readers.linux.sockets import LinuxSocketReader
near, far = socket.socketpair()
server = socket.create_server(("127.0.0.1", 0))
port = server.getsockname()[1]
socket.send_fds(near, [b"x"], [server.fileno()])
server.close()
reader = LinuxSocketReader()
# Every process is in this namespace: the one in which the search is complete.
reader._is_inner_pid_namespace = False
while (listing := reader.read()).pending:
    pass
print(json.dumps([r.owner_problem for r in listing.rows if r.local.port == port]))
_, (received,), _, _ = socket.recv_fds(far, 1, 1)
for _ in range(400):
    pids = [r.pid for r in reader.read().rows if r.local.port == port]
    if pids == [os.getpid()]:
        break
print(json.dumps(pids == [os.getpid()]), flush=True)
reader.close()
"""


def holder_of(port: int) -> set[Any]:
    reader = LinuxSocketReader()
    try:
        return {row.owner for row in settled_rows(reader) if row.local.port == port}
    finally:
        reader.close()


def settled_rows(reader: LinuxSocketReader) -> tuple[SocketRow, ...]:
    """Read until no owner is being looked for any more."""
    while (listing := reader.read()).pending:
        pass
    return listing.rows


@pytest.mark.parametrize(
    "code",
    [MAIN_THREAD_EXITS, THREAD_WITH_OWN_TABLE, REGISTERED_WITH_A_RING],
    ids=["main thread exited", "own table", "io_uring"],
)
def test_a_socket_outside_of_the_usual_table_has_its_holder(code: str, child: StartChild) -> None:
    holder = child(code)
    port = int(holder.hear())
    if not port:
        pytest.skip("this kernel has no io_uring, or does not allow it")
    assert holder_of(port) == {process_key(holder.pid)}


@pytest.mark.parametrize("code", [MAIN_THREAD_EXITS, THREAD_WITH_OWN_TABLE])
def test_such_a_holder_is_found_and_lost_while_the_reader_runs(
    code: str, child: StartChild, reader: LinuxSocketReader
) -> None:
    reader.read()
    holder = child(code)
    port = int(holder.hear())
    rows = [row for row in reader.read().rows if row.local.port == port]
    while any(row.owner_problem is OwnerProblem.LOOKING for row in rows):
        rows = [row for row in reader.read().rows if row.local.port == port]
    assert {row.pid for row in rows} == {holder.pid}
    for _ in range(3):  # it stays found while its process is looked at again in turn
        assert {r.pid for r in reader.read().rows if r.local.port == port} == {holder.pid}
    holder.kill()
    assert not [row for row in reader.read().rows if row.local.port == port]


@pytest.mark.root_only(reason="makes a PID namespace, in which every process can be read")
def test_a_socket_in_transit_has_no_holder_until_it_is_received(child: StartChild) -> None:
    prefix = ("unshare", "--pid", "--fork", "--mount-proc")
    stranger = child(IN_TRANSIT, prefix=prefix)
    assert json.loads(stranger.hear()) == [OwnerProblem.NOT_FOUND]
    assert json.loads(stranger.hear()) is True


@pytest.mark.root_only(reason="makes a network namespace with a tunnel")
def test_the_socket_of_a_tunnel_is_named_as_the_kernels(child: StartChild) -> None:
    code = """
import json
from portview.readers.linux.sockets import LinuxSocketReader
reader = LinuxSocketReader()
while (listing := reader.read()).pending:
    pass
rows = [row for row in listing.rows if row.local.port == 4790]
print(json.dumps([[row.kernel_use, row.owner_problem] for row in rows]), flush=True)
reader.close()
"""
    make = "ip link add v0 type vxlan id 7 dstport 4790 && ip link set v0 up"
    prefix = ("unshare", "--net", "sh", "-c", f'{make} || exit 0; exec "$@"', "sh")
    tunnel = child(code, prefix=prefix)
    try:
        told = json.loads(tunnel.hear())
    except AssertionError:
        pytest.skip("this kernel has no VXLAN")
    assert told
    assert {tuple(each) for each in told} == {("VXLAN interface v0", None)}


@pytest.mark.root_only(reason="gives up one capability")
def test_root_without_a_capability_is_told_which(child: StartChild) -> None:
    code = """
import json, os, sys
from portview.readers.linux.sockets import LinuxSocketReader
reader = LinuxSocketReader()
while (listing := reader.read()).pending:
    pass
rows = [row for row in listing.rows if row.local.port == int(sys.argv[1])]
print(json.dumps([[row.owner_problem, row.owner_detail] for row in rows]), flush=True)
reader.close()
"""
    hold = """
import os, socket, sys
os.setgroups([])
os.setuid(65534)
server = socket.create_server(("127.0.0.1", 0))
print(server.getsockname()[1], flush=True)
sys.stdin.readline()
"""
    port = child(hold).hear()
    drop = ("setpriv", "--bounding-set=-sys_ptrace", "--inh-caps=-sys_ptrace")
    told = json.loads(child(code, port, prefix=drop).hear())
    assert told == [[OwnerProblem.MISSING_CAPABILITY, "CAP_SYS_PTRACE"]]


def test_the_missing_capabilities_are_those_that_are_needed() -> None:
    everything = (1 << 41) - 1
    ptrace, override, read_search = 1 << 19, 1 << 1, 1 << 2
    assert missing_capabilities(everything) == ()
    assert missing_capabilities(everything & ~ptrace) == ("CAP_SYS_PTRACE",)
    assert missing_capabilities(everything & ~override) == ()
    assert missing_capabilities(ptrace) == ("CAP_DAC_READ_SEARCH",)
    assert missing_capabilities(ptrace | read_search) == ()
    assert missing_capabilities(None) == ()


def test_servers_of_the_kernel_are_read_from_its_own_files(tmp_path: Path) -> None:
    nfsd = tmp_path / "portlist"
    nfsd.write_text("rdma 20049\nudp 2049\ntcp 2049\ntcp x\n")
    portal = tmp_path / "config/target/iscsi/iqn.2003-01.org.example:disk/tpgt_1/np/0.0.0.0:3260"
    portal.mkdir(parents=True)
    service = tmp_path / "config/nvmet/ports/1"
    service.mkdir(parents=True)
    (service / "addr_trsvcid").write_text("4420\n")
    kernel = KernelSockets(str(nfsd), str(tmp_path / "config"))
    assert kernel.use_of(Protocol.TCP, 2049) == "NFS server (nfsd)"
    assert kernel.use_of(Protocol.TCP, 3260) == "iSCSI target iqn.2003-01.org.example:disk"
    assert kernel.use_of(Protocol.TCP, 4420) == "NVMe over TCP target"
    assert kernel.use_of(Protocol.TCP, 2050) == ""
    nfsd.write_text("")
    assert kernel.use_of(Protocol.TCP, 2049)
    kernel.forget()
    assert not kernel.use_of(Protocol.TCP, 2049)


def test_messages_of_interfaces_are_taken_apart() -> None:
    data = encode_attribute(5, (6081).to_bytes(2, "big"))
    info = encode_attribute(1, b"geneve\0") + encode_attribute(2, data)
    link = bytes(16) + encode_attribute(3, b"g0\0") + encode_attribute(18, info)
    assert list(ports_of_link(link)) == [(Protocol.UDP, 6081, "Geneve interface g0")]
    assert list(ports_of_link(link[:-1])) == []
    assert list(ports_of_link(b"")) == []
    wireguard = bytes(4) + encode_attribute(2, b"wg0\0")
    assert port_of_wireguard(wireguard) is None
    assert port_of_wireguard(wireguard + encode_attribute(6, b"\x6c\xca")) == 51820


@pytest.mark.parametrize("seed", range(200))
def test_what_is_no_netlink_message_is_passed_over(seed: int) -> None:
    piece = Random(seed).randbytes(seed)
    assert sum(len(body) for _, body in messages(piece)) <= len(piece)
    assert sum(map(len, attributes(piece).values())) <= len(piece)


def test_a_socket_that_was_closed_leaves_no_place_behind(child: StartChild) -> None:
    reader = LinuxSocketReader()
    try:
        holder = child(THREAD_WITH_OWN_TABLE)
        port = int(holder.hear())
        assert {row.pid for row in settled_rows(reader) if row.local.port == port} == {holder.pid}
        holder.end()
        with socket.create_server(("127.0.0.1", 0)):
            reader.read()
        assert not [row for row in reader.read().rows if row.pid == holder.pid]
    finally:
        reader.close()


def registrations(*entries: tuple[int, str, str]) -> bytes:
    """Return an answer of rpcbind with these programs, networks and addresses (RFC 1833)."""

    def string(text: str) -> bytes:
        packed = text.encode()
        return struct.pack(">I", len(packed)) + packed + bytes(-len(packed) % 4)

    reply = struct.pack(">6I", 0x50565731, 1, 0, 0, 0, 0)
    for program, network, address in entries:
        reply += struct.pack(">3I", 1, program, 4)
        reply += string(network) + string(address) + string("superuser")
    return reply + struct.pack(">I", 0)


def test_rpc_services_of_the_kernel_are_named_by_rpcbind(tmp_path: Path) -> None:
    reply = registrations(
        (100_000, "tcp", "0.0.0.0.0.111"),
        (100_021, "tcp6", "::.156.64"),
        (100_021, "udp", "0.0.0.0.200.1"),
        (100_003, "tcp", "0.0.0.0.8.1"),
        (100_024, "tcp", "0.0.0.0.9.9"),
        (100_021, "local", "/run/x"),
    )
    expected = [
        (Protocol.TCP, 40000, "NFS lock manager (lockd)"),
        (Protocol.UDP, 51201, "NFS lock manager (lockd)"),
        (Protocol.TCP, 2049, "NFS server (nfsd)"),
    ]
    assert list(read_registrations(reply)) == expected
    path = tmp_path / "r"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as server:
        server.bind(str(path))
        server.listen()

        def answer() -> None:
            client, _ = server.accept()
            with client:
                client.recv(4096)
                half = len(reply) // 2
                for part, mark in ((reply[:half], 0), (reply[half:], 1 << 31)):
                    client.sendall(struct.pack(">I", mark | len(part)) + part)

        thread = threading.Thread(target=answer)
        thread.start()
        assert list(kernel_rpc_ports(str(path))) == expected
        thread.join()


@pytest.mark.parametrize("seed", range(50))
def test_what_is_no_answer_of_rpcbind_is_an_error_or_nothing(seed: int) -> None:
    chance = Random(seed)
    reply = bytearray(registrations((100_021, "tcp", "0.0.0.0.8.1")))
    reply[chance.randrange(len(reply))] = chance.randrange(256)
    with suppress(ValueError):
        list(read_registrations(bytes(reply[: chance.randrange(len(reply) + 1)])))
