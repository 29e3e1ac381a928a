"""Who holds a socket: forks, hand-overs, deaths, other users, reused PIDs."""

from __future__ import annotations

import json
import os
import socket
from typing import TYPE_CHECKING, Any

import pytest

from portview.domain.sockets.socket_row import OwnerProblem, SocketRow
from portview.readers.linux import socket_holders
from portview.readers.process_identity import process_key
from tests.other_user import NOBODY, reachable_by_all

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from portview.readers.linux.sockets import LinuxSocketReader

    StartChild = Callable[..., Any]

pytestmark = pytest.mark.linux_only(reason="reads NETLINK_SOCK_DIAG and /proc")

FORKING_SERVER = """
import os, select, socket, sys
server = socket.create_server(("127.0.0.1", 0))
worker = os.fork()
if worker == 0:
    test_has_ended = select.poll()
    test_has_ended.register(0, 0)
    test_has_ended.poll()
    os._exit(0)
print(server.getsockname()[1], worker, flush=True)
for command in sys.stdin:
    match command.strip():
        case "close":
            server.close()
            print("closed", flush=True)
        case "leave":
            os._exit(0)
os.waitpid(worker, 0)
"""

READ_AND_TELL = """
import json, os, sys
from portview.readers.linux.sockets import LinuxSocketReader
if len(sys.argv) > 1:
    os.setgroups([])
    os.setuid(int(sys.argv[1]))
reader = LinuxSocketReader()
for line in sys.stdin:
    while (listing := reader.read()).pending:
        pass
    print(json.dumps([
        [row.local.port, row.pid, row.owner_problem, row.user] for row in listing.rows
    ]), flush=True)
reader.close()
"""


@pytest.fixture
def server() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as opened:
        yield opened


def pids_on(reader: LinuxSocketReader, port: int) -> set[int | None]:
    return {row.pid for row in rows_on(reader, port)}


def rows_on(reader: LinuxSocketReader, port: int) -> list[SocketRow]:
    return [row for row in reader.read().rows if row.local.port == port]


def read_until(
    reader: LinuxSocketReader, port: int, expected: set[int | None], readings: int = 400
) -> set[int | None]:
    """Read until the holders are as expected; return what they are at the end."""
    holders: set[int | None] = set()
    for _ in range(readings):
        holders = pids_on(reader, port)
        if holders == expected:
            break
    return holders


def test_each_holder_of_a_shared_socket_has_a_row(
    reader: LinuxSocketReader, child: StartChild
) -> None:
    parent = child(FORKING_SERVER)
    port, worker = map(int, parent.hear().split())
    rows = rows_on(reader, port)
    assert {row.owner for row in rows} == {process_key(parent.pid), process_key(worker)}
    assert len({row.key.token for row in rows}) == 1


def test_a_fork_after_the_first_reading_is_seen_at_the_next(
    reader: LinuxSocketReader, server: socket.socket, child: StartChild
) -> None:
    port = server.getsockname()[1]
    assert pids_on(reader, port) == {os.getpid()}
    inherit = (
        "import sys, socket; s = socket.socket(fileno=int(sys.argv[1])); print(flush=True); input()"
    )
    heir = child(inherit, str(server.fileno()), keep=(server.fileno(),))
    heir.hear()
    assert pids_on(reader, port) == {os.getpid(), heir.pid}


def test_a_dead_holder_is_gone_at_the_next_reading(
    reader: LinuxSocketReader, child: StartChild
) -> None:
    parent = child(FORKING_SERVER)
    port, worker = map(int, parent.hear().split())
    assert pids_on(reader, port) == {parent.pid, worker}
    parent.leave()
    assert pids_on(reader, port) == {worker}


def test_a_holder_that_closes_its_copy_is_gone_within_a_few_readings(
    reader: LinuxSocketReader, child: StartChild
) -> None:
    parent = child(FORKING_SERVER)
    port, worker = map(int, parent.hear().split())
    assert pids_on(reader, port) == {parent.pid, worker}
    parent.say("close")
    parent.hear()
    assert read_until(reader, port, {worker}, readings=3) == {worker}


def test_a_socket_sent_to_a_running_process_is_found_in_turn(
    reader: LinuxSocketReader, server: socket.socket, child: StartChild
) -> None:
    ours, theirs = socket.socketpair()
    receive = """
import socket, sys
channel = socket.socket(fileno=int(sys.argv[1]))
print("ready", flush=True)
_, numbers, _, _ = socket.recv_fds(channel, 1, 1)
print("received", flush=True)
input()
"""
    with ours, theirs:
        receiver = child(receive, str(theirs.fileno()), keep=(theirs.fileno(),))
        receiver.hear()
        port = server.getsockname()[1]
        for _ in range(3):  # the child is no newcomer any more
            assert pids_on(reader, port) == {os.getpid()}
        socket.send_fds(ours, [b"x"], [server.fileno()])
        receiver.hear()
        assert read_until(reader, port, {os.getpid(), receiver.pid}) == {
            os.getpid(),
            receiver.pid,
        }


def test_new_sockets_of_a_known_process_are_found_at_once(reader: LinuxSocketReader) -> None:
    opened: list[socket.socket] = []
    try:
        for number in range(40):
            reader.read()
            opened.append(socket.create_server(("127.0.0.1", 0)))
            if number % 3 == 2:
                # The descriptors in between come free, and the next ones go there.
                opened.pop(number % len(opened)).close()
                opened.append(socket.create_server(("127.0.0.1", 0)))
            holders = {row.local.port: row.pid for row in reader.read().rows if row.pid}
            assert {holders.get(each.getsockname()[1]) for each in opened} == {os.getpid()}
    finally:
        for each in opened:
            each.close()


def test_a_search_that_takes_too_long_goes_on_at_the_next_readings(
    reader: LinuxSocketReader, child: StartChild, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader.read()
    monkeypatch.setattr(socket_holders, "_SEARCH_LINKS", 32)
    code = """
import socket
held = [socket.create_server(("127.0.0.1", 0)) for _ in range(150)]
print(*(each.getsockname()[1] for each in held), flush=True)
input()
"""
    opener = child(code)
    ports = set(map(int, opener.hear().split()))
    found_after = []
    while not found_after or found_after[-1] < len(ports):
        listing = reader.read()
        rows = [row for row in listing.rows if row.local.port in ports]
        pids = {row.local.port: row.pid for row in rows}
        problems = {row.owner_problem for row in rows if row.pid is None}
        assert problems <= {OwnerProblem.LOOKING}
        assert set(pids.values()) <= {opener.pid, None}
        found_after.append(list(pids.values()).count(opener.pid))
        assert found_after[-1] == len(ports) or listing.notes
    assert len(found_after) > 2
    assert found_after == sorted(found_after)


def test_without_a_file_to_spare_known_owners_stay_known(child: StartChild) -> None:
    code = """
import os, resource, socket
from portview.readers.linux.sockets import LinuxSocketReader
reader = LinuxSocketReader()
with socket.create_server(("127.0.0.1", 0)) as server:
    def owners():
        rows = reader.read().rows
        return [row.pid for row in rows if row.local.port == server.getsockname()[1]]
    before = owners()
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (server.fileno() + 1, hard))
    # Two more files would have to be open at once to look into a process.
    spare = []
    try:
        while True:
            spare.append(os.open("/", os.O_RDONLY))
    except OSError:
        pass
    print(before, owners(), owners(), os.getpid(), flush=True)
reader.close()
"""
    told = child(code).hear()
    pid = told.rpartition(" ")[2]
    assert told == f"[{pid}] [{pid}] [{pid}] {pid}"


@pytest.mark.root_only(reason="a child gives up root")
def test_the_socket_of_another_user_is_refused_and_names_the_user(
    server: socket.socket, child: StartChild
) -> None:
    port = server.getsockname()[1]
    stranger = child(READ_AND_TELL, str(NOBODY), prefix=reachable_by_all())
    stranger.say()
    told = json.loads(stranger.hear())
    assert [port, None, OwnerProblem.ACCESS_DENIED, "root"] in told


@pytest.mark.root_only(reason="mounts a /proc that hides processes")
def test_processes_that_proc_hides_are_refused_not_absent(
    server: socket.socket, child: StartChild
) -> None:
    port = server.getsockname()[1]
    hiding = 'mount -t proc -o hidepid=invisible proc /proc && exec "$@"'
    prefix = (*reachable_by_all(), "unshare", "--mount", "sh", "-c", hiding, "sh")
    stranger = child(READ_AND_TELL, str(NOBODY), prefix=prefix)
    stranger.say()
    told = json.loads(stranger.hear())
    assert [port, None, OwnerProblem.ACCESS_DENIED, "root"] in told


@pytest.mark.root_only(reason="makes a PID namespace")
def test_a_socket_of_another_pid_namespace_is_said_to_be_one(child: StartChild) -> None:
    hold = """
import os, socket, sys
os.setuid(int(sys.argv[1]))
server = socket.create_server(("127.0.0.1", 0))
print(server.getsockname()[1], flush=True)
input()
"""
    port = int(child(hold, str(NOBODY)).hear())
    prefix = ("unshare", "--pid", "--fork", "--mount-proc")
    insider = child(READ_AND_TELL, prefix=prefix)
    insider.say()
    told = {tuple(row) for row in json.loads(insider.hear()) if row[0] == port}
    assert told == {(port, None, OwnerProblem.OTHER_NAMESPACE, "nobody")}


@pytest.mark.root_only(reason="makes a PID namespace, to give a PID to another process")
def test_a_process_with_a_reused_pid_is_never_the_owner(child: StartChild) -> None:
    code = """
import json, os, signal, socket, time
from portview.readers.linux.sockets import LinuxSocketReader
reader = LinuxSocketReader()
owner = os.fork()
if owner == 0:
    server = socket.create_server(("127.0.0.1", 0))
    if os.fork():
        signal.pause()
    signal.pause()
def holders():
    return [row for row in reader.read().rows if row.state == "LISTEN" and row.pid]
rows = []
while len(rows) != 2:
    rows = holders()
port = rows[0].local.port
first = {row.pid: row.owner for row in rows}
os.kill(owner, signal.SIGKILL)
os.waitpid(owner, 0)
with open("/proc/sys/kernel/ns_last_pid", "w") as last:
    last.write(str(owner - 1))
impostor = os.fork()
if impostor == 0:
    signal.pause()
now = [row for row in holders() if row.local.port == port]
print(json.dumps({
    "owner": owner, "impostor": impostor,
    "before": sorted(first), "now": sorted(row.pid for row in now),
    "is_same_key": [row.owner == first.get(row.pid) for row in now],
}), flush=True)
os.kill(impostor, signal.SIGKILL)
for pid in first:
    if pid != owner:
        os.kill(pid, signal.SIGKILL)
reader.close()
"""
    prefix = (
        "unshare",
        "--net",
        "--pid",
        "--fork",
        "--mount-proc",
        "sh",
        "-c",
        'ip link set lo up && "$@"',
        "sh",
    )
    told = json.loads(child(code, prefix=prefix).hear())
    if told["impostor"] != told["owner"]:
        pytest.skip("this kernel does not let a test choose the next PID")
    (heir,) = set(told["before"]) - {told["owner"]}
    assert told["now"] == [heir]
    assert told["is_same_key"] == [True]
