"""Every kind of socket that Linux has, read from its kernel."""

from __future__ import annotations

import os
import platform
import socket
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from portview.domain.sockets.snapshot import diff
from portview.domain.sockets.socket_row import Endpoint, Family, Protocol, SocketRow, State
from portview.readers.process_identity import process_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from portview.readers.linux.sockets import LinuxSocketReader

pytestmark = pytest.mark.linux_only(reason="reads NETLINK_SOCK_DIAG and /proc")

LOOPBACK = {socket.AF_INET: "127.0.0.1", socket.AF_INET6: "::1"}


@pytest.fixture
def opened() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture(params=[socket.AF_INET, socket.AF_INET6], ids=["ipv4", "ipv6"])
def family(request: pytest.FixtureRequest) -> socket.AddressFamily:
    return request.param


def listener(opened: ExitStack, family: socket.AddressFamily, backlog: int = 8) -> socket.socket:
    server = opened.enter_context(socket.socket(family, socket.SOCK_STREAM))
    server.bind((LOOPBACK[family], 0))
    server.listen(backlog)
    return server


def connection(
    opened: ExitStack, family: socket.AddressFamily
) -> tuple[socket.socket, socket.socket]:
    server = listener(opened, family)
    client = opened.enter_context(socket.create_connection(server.getsockname()[:2]))
    accepted = opened.enter_context(server.accept()[0])
    return client, accepted


def endpoint(address: tuple[str, int]) -> Endpoint:
    return Endpoint(address[0], address[1])


def row_of(
    reader: LinuxSocketReader, local: tuple[str, int], remote: tuple[str, int] | None = None
) -> SocketRow:
    wanted = endpoint(local), endpoint(remote) if remote else None
    (row,) = [row for row in reader.read().rows if (row.local, row.remote) == wanted]
    return row


def test_a_listening_socket(
    reader: LinuxSocketReader, opened: ExitStack, family: socket.AddressFamily
) -> None:
    server = listener(opened, family)
    row = row_of(reader, server.getsockname())
    assert row.protocol is Protocol.TCP
    assert row.key.family is (Family.IPV4 if family == socket.AF_INET else Family.IPV6)
    assert row.state is State.LISTEN
    assert row.owner == process_key(os.getpid())
    assert row.pid == os.getpid()
    assert row.owner_problem is None
    assert row.key.token == os.fstat(server.fileno()).st_ino


def test_both_ends_of_a_connection(
    reader: LinuxSocketReader, opened: ExitStack, family: socket.AddressFamily
) -> None:
    for end in connection(opened, family):
        row = row_of(reader, end.getsockname(), end.getpeername())
        assert row.state is State.ESTABLISHED
        assert row.key.token == os.fstat(end.fileno()).st_ino
        assert row.pid == os.getpid()


def test_the_states_of_an_ending_connection(
    reader: LinuxSocketReader, opened: ExitStack, family: socket.AddressFamily
) -> None:
    client, accepted = connection(opened, family)
    here, there = client.getsockname(), accepted.getsockname()
    client.shutdown(socket.SHUT_WR)
    states = []
    # The other end may take its time to confirm (delayed acknowledgement).
    while not states or states[-1] is State.FIN_WAIT_1:
        states.append(row_of(reader, here, there).state)
    assert states[-1] is State.FIN_WAIT_2
    assert row_of(reader, there, here).state is State.CLOSE_WAIT
    accepted.close()
    row = row_of(reader, here, there)
    assert row.state is State.TIME_WAIT
    assert (row.owner, row.pid, row.owner_problem, row.user) == (None, None, None, None)


def test_a_state_change_is_a_change_of_the_row(
    reader: LinuxSocketReader, opened: ExitStack
) -> None:
    client, accepted = connection(opened, socket.AF_INET)
    before = reader.read().rows
    client.shutdown(socket.SHUT_WR)
    listing = reader.read()
    changes = {
        change.new.local: (change.old.state, change.new.state)
        for change in diff(before, listing.rows, listing.step).changed
    }
    there = endpoint(accepted.getsockname())
    assert changes[there] == (State.ESTABLISHED, State.CLOSE_WAIT)
    assert endpoint(client.getsockname()) in changes


def test_a_connection_that_nobody_answers(reader: LinuxSocketReader, opened: ExitStack) -> None:
    server = listener(opened, socket.AF_INET, backlog=0)
    clients = []
    for _ in range(4):
        client = opened.enter_context(socket.socket())
        client.setblocking(False)
        client.connect_ex(server.getsockname())
        clients.append(client.getsockname())
    rows = {row.local: row for row in reader.read().rows}
    assert State.SYN_SENT in {rows[endpoint(local)].state for local in clients}


def test_a_connection_that_is_not_accepted_yet_is_the_kernels(
    reader: LinuxSocketReader, opened: ExitStack
) -> None:
    server = listener(opened, socket.AF_INET)
    client = opened.enter_context(socket.create_connection(server.getsockname()))
    row = row_of(reader, server.getsockname(), client.getsockname())
    assert row.state is State.ESTABLISHED
    assert (row.owner, row.pid, row.owner_problem) == (None, None, None)
    accepted = opened.enter_context(server.accept()[0])
    row = row_of(reader, server.getsockname(), client.getsockname())
    assert row.pid == os.getpid()
    assert row.key.token == os.fstat(accepted.fileno()).st_ino


@pytest.mark.skipif(
    tuple(map(int, platform.release().split(".")[:2])) < (6, 8)
    if platform.system() == "Linux"
    else True,
    reason="the kernel lists bound sockets since Linux 6.8",
)
def test_a_bound_socket_that_does_not_listen(
    reader: LinuxSocketReader, opened: ExitStack, family: socket.AddressFamily
) -> None:
    bound = opened.enter_context(socket.socket(family, socket.SOCK_STREAM))
    bound.bind((LOOPBACK[family], 0))
    row = row_of(reader, bound.getsockname())
    assert row.state is State.BOUND
    assert row.pid == os.getpid()
    bound.listen()
    assert row_of(reader, bound.getsockname()).state is State.LISTEN


def test_udp_sockets_with_and_without_a_peer(
    reader: LinuxSocketReader, opened: ExitStack, family: socket.AddressFamily
) -> None:
    first, second = (
        opened.enter_context(socket.socket(family, socket.SOCK_DGRAM)) for _ in range(2)
    )
    first.bind((LOOPBACK[family], 0))
    row = row_of(reader, first.getsockname())
    assert row.protocol is Protocol.UDP
    assert row.state is None
    second.connect(first.getsockname())
    row = row_of(reader, second.getsockname(), first.getsockname())
    assert row.protocol is Protocol.UDP
    assert row.pid == os.getpid()


def test_a_udp_socket_that_talks_to_another_peer_is_another_row(
    reader: LinuxSocketReader, opened: ExitStack
) -> None:
    peers = [opened.enter_context(socket.socket(type=socket.SOCK_DGRAM)) for _ in range(2)]
    for peer in peers:
        peer.bind(("127.0.0.1", 0))
    talker = opened.enter_context(socket.socket(type=socket.SOCK_DGRAM))
    talker.bind(("127.0.0.1", 0))
    for peer in peers:
        talker.connect(peer.getsockname())
        row_of(reader, talker.getsockname(), peer.getsockname())


def test_an_ipv4_peer_of_an_ipv6_socket(reader: LinuxSocketReader, opened: ExitStack) -> None:
    server = opened.enter_context(
        socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True)
    )
    port = server.getsockname()[1]
    client = opened.enter_context(socket.create_connection(("127.0.0.1", port)))
    opened.enter_context(server.accept()[0])
    remote = "::ffff:127.0.0.1", client.getsockname()[1]
    row = row_of(reader, ("::ffff:127.0.0.1", port), remote)
    assert row.key.family is Family.IPV6


def test_rows_that_did_not_change_are_the_same_objects(
    reader: LinuxSocketReader, opened: ExitStack
) -> None:
    kept = [listener(opened, socket.AF_INET).getsockname() for _ in range(20)]
    before = {row.local: row for row in reader.read().rows}
    listener(opened, socket.AF_INET)
    after = {row.local: row for row in reader.read().rows}
    for local in map(endpoint, kept):
        assert after[local] is before[local]


def test_what_the_reader_knows_of_the_way_is_the_difference(
    reader: LinuxSocketReader, opened: ExitStack
) -> None:
    before = reader.read()
    for number in range(12):
        pair = connection(opened, socket.AF_INET)
        if number % 3 == 0:
            pair[0].close()
        listing = reader.read()
        told, found = diff(before.rows, listing.rows, listing.step), diff(before.rows, listing.rows)
        assert set(told.added) == set(found.added)
        assert set(told.removed) == set(found.removed)
        assert set(told.changed) == set(found.changed)
        assert listing.step is not None
        assert listing.step.before is before.rows
        assert listing.owners == {row.owner for row in listing.rows if row.owner}
        assert len({row.key for row in listing.rows}) == len(listing.rows)
        before = listing


@pytest.mark.root_only(reason="makes a network namespace")
def test_sockets_of_other_network_namespaces_are_not_shown(
    reader: LinuxSocketReader, child: Callable[..., object]
) -> None:
    code = """
import socket
server = socket.create_server(("0.0.0.0", 0))
print(server.getsockname()[1], flush=True)
input()
"""
    elsewhere: Any = child(code, prefix=("unshare", "--net"))
    port = int(elsewhere.hear())
    rows = reader.read().rows
    assert not [row for row in rows if row.local.port == port and row.pid == elsewhere.pid]
    its_namespace = Path(f"/proc/{elsewhere.pid}/ns/net").readlink()
    assert its_namespace != Path("/proc/self/ns/net").readlink()
