"""Real connections are cut, and only those."""

from __future__ import annotations

import json
import socket
import struct
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from portview.actions.connections.close import close_connection, inspect_connection
from portview.domain.errors import Outcome, PortViewError
from portview.domain.sockets.socket_row import Endpoint, endpoint_text
from tests.other_user import as_nobody

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Iterator

needs_root = pytest.mark.root_only("SOCK_DESTROY needs CAP_NET_ADMIN")
on_linux = pytest.mark.linux_only("SOCK_DESTROY is Linux's; Wine's SetTcpEntry does nothing")


@contextmanager
def connection(address: str) -> Iterator[tuple[socket.socket, socket.socket]]:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with (
        socket.create_server((address, 0), family=family) as server,
        socket.create_connection(server.getsockname()[:2]) as client,
    ):
        accepted, _ = server.accept()
        with accepted:
            yield client, accepted


def ends(one: socket.socket) -> tuple[Endpoint, Endpoint]:
    return Endpoint(*one.getsockname()[:2]), Endpoint(*one.getpeername()[:2])


@on_linux
@needs_root
@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_a_connection_is_cut_and_its_neighbour_lives(address: str) -> None:
    with connection(address) as (client, _), connection(address) as (other, other_accepted):
        report = close_connection(inspect_connection(*ends(client)))
        assert report.outcome is Outcome.DONE
        assert report.now.endswith("is closed.")
        with pytest.raises(ConnectionAbortedError):
            client.recv(1)
        other.sendall(b"x")
        assert other_accepted.recv(1) == b"x"


@on_linux
@needs_root
def test_a_client_that_chose_its_port_is_cut_and_said_to_be() -> None:
    """Its socket stays bound to the port, and that is no open connection."""
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket() as client:
        with socket.socket() as picked:
            picked.bind(("127.0.0.1", 0))
            port = picked.getsockname()[1]
        # Only a port that was asked for by its number stays with the socket.
        client.bind(("127.0.0.1", port))
        client.connect(server.getsockname())
        accepted, _ = server.accept()
        with accepted:
            report = close_connection(inspect_connection(*ends(client)))
            assert report.outcome is Outcome.DONE
            assert report.now.endswith("is closed.")
            assert "still open" not in report.now + report.next_step
            with pytest.raises(ConnectionAbortedError):
                client.recv(1)


@on_linux
@needs_root
def test_a_connection_that_came_after_the_one_that_was_shown_is_not_cut() -> None:
    """It has the same two ends, and another socket."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        client = socket.create_connection(server.getsockname())
        accepted, _ = server.accept()
        mine = client.getsockname()
        plan = inspect_connection(*ends(client))
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.close()
        accepted.close()
        with socket.socket() as second:
            second.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            second.bind(mine)
            second.connect(server.getsockname())
            again, _ = server.accept()
            with again:
                with pytest.raises(PortViewError) as refused:
                    close_connection(plan)
                assert refused.value.code == "connection_changed"
                second.sendall(b"x")
                assert again.recv(1) == b"x"


@contextmanager
def mapped_connection() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Connect over IPv4 to a server for both families: its end is an IPv6 socket."""
    with (
        socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True) as server,
        socket.create_connection(("127.0.0.1", server.getsockname()[1])) as client,
    ):
        accepted, _ = server.accept()
        with accepted:
            yield client, accepted


def test_the_end_of_a_dual_stack_server_is_found_as_netstat_writes_it() -> None:
    with mapped_connection() as (client, accepted):
        remote, local = ends(client)
        plan = inspect_connection(local, remote)
        assert plan.row.local.address == "::ffff:127.0.0.1"
        assert plan == inspect_connection(*ends(accepted))
        assert inspect_connection(remote, local).row.local.address == "127.0.0.1"


@on_linux
@needs_root
def test_the_end_of_a_dual_stack_server_is_cut() -> None:
    with mapped_connection() as (client, _):
        remote, local = ends(client)
        report = close_connection(inspect_connection(local, remote))
        assert report.outcome is Outcome.DONE
        with pytest.raises(ConnectionResetError):
            client.recv(1)


def test_a_connection_that_is_not_there_is_told() -> None:
    with connection("127.0.0.1") as (client, _):
        local, remote = ends(client)
    with pytest.raises(PortViewError, match="There is no connection"):
        inspect_connection(local, remote)


@on_linux
@needs_root
def test_a_connection_that_ended_after_the_plan_is_not_touched() -> None:
    with connection("127.0.0.1") as (client, accepted):
        plan = inspect_connection(*ends(client))
        accepted.close()
        client.close()
        with pytest.raises(PortViewError) as refused:
            close_connection(plan)
    assert refused.value.code == "connection_gone"


@on_linux
@needs_root
def test_another_user_is_told_that_it_needs_rights(
    portview: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    drop = as_nobody()
    with connection("127.0.0.1") as (client, accepted):
        local, remote = ends(client)
        words = (endpoint_text(local), endpoint_text(remote))
        done = portview("close", *words, "--yes", "--json", prefix=drop)
        assert done.returncode == Outcome.NEEDS_ADMIN
        assert json.loads(done.stdout)["error"]["code"] == "access_denied"
        client.sendall(b"x")
        assert accepted.recv(1) == b"x"


@pytest.mark.windows_only("SetTcpEntry")
def test_windows_refuses_ipv6_and_never_claims_what_it_did_not_do() -> None:
    with connection("::1") as (client, _):
        plan = inspect_connection(*ends(client))
        with pytest.raises(PortViewError, match="IPv4 connections only"):
            close_connection(plan)
    with connection("127.0.0.1") as (client, accepted):
        plan = inspect_connection(*ends(client))
        try:
            close_connection(plan)
            is_told_done = True
        except PortViewError:
            is_told_done = False
        is_alive = True
        try:
            client.sendall(b"x")
            accepted.recv(1)
        except OSError:
            is_alive = False
    assert is_told_done is not is_alive


def test_a_dry_run_closes_nothing(
    portview: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    with connection("127.0.0.1") as (client, accepted):
        local, remote = ends(client)
        words = (endpoint_text(local), endpoint_text(remote))
        done = portview("close", *words, "--dry-run", "--json")
        assert done.returncode == 0, done.stderr
        document = json.loads(done.stdout)
        assert document["plan"]["connection"]["local_port"] == local.port
        assert document["report"] is None
        undecided = portview("close", *words)
        assert undecided.returncode == Outcome.NOT_DONE
        # The test holds the connection, and PortView runs below it: that is why it would not.
        assert "closing it would cut you off" in undecided.stderr
        client.sendall(b"x")
        assert accepted.recv(1) == b"x"
