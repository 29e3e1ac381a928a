"""Freeing real ports of real servers: each ends in the right report, and nothing else is touched.

The API is used in this process, where a refusal can be determined from an accident.
"""

from __future__ import annotations

import re
import socket
import sys
from typing import TYPE_CHECKING, Any

import pytest

from portview.actions.free_port.execute import expected_report, free_port, inspect_port
from portview.actions.free_port.plan import PlanAction
from portview.actions.free_port.verify import PortVerdict
from portview.actions.port_usage import FreeRequest
from portview.actions.safety.process_facts import CloseMethod
from portview.actions.stopping.stop import Ending
from portview.domain.errors import Outcome
from portview.domain.owners.process import Execution
from portview.domain.sockets.socket_row import Protocol
from portview.readers.execution import read_execution

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from portview.actions.free_port.execute import FreeReport
    from tests.system.actions.conftest import Server

WATCH_S = 0.2
IS_WINDOWS = sys.platform == "win32"


@pytest.fixture(autouse=True)
def bystander(own_network: None, serve: Callable[..., Server]) -> Iterator[None]:
    """Let another server run beside each test, which nothing may ever stop or suspend."""
    del own_network  # Wanted first, so that everything is started in it.
    server = serve("polite")
    yield
    assert server.is_running()
    assert read_execution(server.pid) is Execution.RUNNING


def free(
    port: int, *, grace_s: float = 5, watch_s: float = WATCH_S, **wanted: object
) -> FreeReport:
    plan = inspect_port(FreeRequest(port, **wanted))  # type: ignore[arg-type]
    return free_port(plan, grace_s=grace_s, watch_s=watch_s)


def test_a_polite_server_closes_and_its_neighbour_stays(serve: Callable[..., Server]) -> None:
    server, neighbour = serve("polite"), serve("polite")
    report = free(server.port)
    assert report.outcome is Outcome.DONE
    assert report.proof
    assert report.proof.verdict is PortVerdict.FREE
    assert not server.is_running()
    assert neighbour.is_running()
    (result,) = report.results
    assert result.process == server.key
    assert result.ending is (Ending.ENDED if IS_WINDOWS else Ending.CLOSED)
    assert "is free; freed " in report.now
    with socket.socket() as again:
        again.bind(("127.0.0.1", server.port))


def test_a_plan_changes_nothing(serve: Callable[..., Server]) -> None:
    server = serve("polite")
    plan = inspect_port(FreeRequest(server.port))
    (step,) = plan.steps
    assert step.process
    assert step.process.key == server.key
    assert step.process.asking is (CloseMethod.NONE if IS_WINDOWS else CloseMethod.SIGNAL)
    assert server.is_running()


@pytest.mark.linux_only("signals can be ignored")
def test_a_server_that_ignores_sigterm_is_ended_after_the_grace_time(
    serve: Callable[..., Server],
) -> None:
    server = serve("stubborn")
    report = free(server.port, grace_s=0.3)
    (result,) = report.results
    assert result.ending is Ending.ENDED
    assert result.after_ms >= 300
    assert report.outcome is Outcome.DONE
    assert not server.is_running()


def test_force_does_not_ask(serve: Callable[..., Server]) -> None:
    server = serve("polite")
    report = free(server.port, force=True)
    (result,) = report.results
    assert (result.ending, result.asked) == (Ending.ENDED, CloseMethod.NONE)
    assert report.outcome is Outcome.DONE


def test_a_respawn_is_told_with_its_supervisor(serve: Callable[..., Server]) -> None:
    supervisor = serve("supervised")
    first = supervisor.hear()
    report = free(supervisor.port, watch_s=10)
    again = supervisor.hear()
    assert report.outcome is Outcome.NOT_DONE
    assert report.proof
    assert report.proof.verdict is PortVerdict.TAKEN_AGAIN
    (holder,) = report.proof.holders
    assert holder.row.pid == again["pid"] != first["pid"]
    assert holder.starter
    assert holder.starter.key == supervisor.key
    assert f"started by {holder.starter.name} (PID {supervisor.pid})" in report.now
    assert f"portview end {supervisor.pid} --started" in report.next_step
    assert supervisor.is_running()


def test_a_child_that_inherited_the_socket_is_found(serve: Callable[..., Server]) -> None:
    server = serve("heir")
    # It speaks before it ends: until then it holds the socket as well, and is in the plan.
    server.wait()
    child = server.told["child"]
    plan = inspect_port(FreeRequest(server.port))
    (step,) = plan.steps
    assert step.process
    assert step.process.key == server.key_of(child)
    report = free_port(plan, watch_s=WATCH_S)
    assert report.outcome is Outcome.DONE
    assert not server.is_running(child)


@pytest.mark.linux_only("SO_REUSEPORT and fork")
def test_all_workers_of_a_reuseport_group_are_stopped(serve: Callable[..., Server]) -> None:
    server = serve("workers")
    children = server.told["children"]
    plan = inspect_port(FreeRequest(server.port))
    assert len(plan.steps) == len(children) + 1
    report = free_port(plan, watch_s=WATCH_S)
    assert report.outcome is Outcome.DONE
    assert {result.process.pid for result in report.results} == {server.pid, *children}
    assert not any(server.is_running(pid) for pid in (server.pid, *children))


def test_a_dual_stack_holder_is_found_for_ipv4(serve: Callable[..., Server]) -> None:
    server = serve("polite", "::")
    plan = inspect_port(FreeRequest(server.port, address="127.0.0.1"))
    (step,) = plan.steps
    assert step.sockets[0].local.address == "::"
    report = free_port(plan, watch_s=WATCH_S)
    assert report.outcome is Outcome.DONE
    assert not server.is_running()


def test_a_holder_at_another_address_is_none(serve: Callable[..., Server]) -> None:
    server = serve("polite", "127.0.0.1")
    report = free(server.port, address="127.0.0.2")
    assert report.outcome is Outcome.DONE
    assert report.results == ()
    assert server.is_running()


def test_a_holder_of_ipv6_alone_is_not_in_the_way_of_ipv4(serve: Callable[..., Server]) -> None:
    server = serve("only_v6")
    spared = free(server.port, address="127.0.0.1")
    assert spared.outcome is Outcome.DONE
    assert spared.results == ()
    assert server.is_running()
    beside = serve("polite", "127.0.0.1", str(server.port))
    narrow = free(server.port, address="127.0.0.1")
    assert narrow.outcome is Outcome.DONE, narrow.now
    assert server.is_running()
    assert not beside.is_running()
    report = free(server.port)
    assert report.outcome is Outcome.DONE
    assert not server.is_running()


@pytest.mark.linux_only("the kernel tells how long TIME_WAIT takes; Wine has no such table")
@pytest.mark.parametrize("is_reusable", [True, False])
def test_what_is_left_in_time_wait_is_told_with_its_seconds(
    serve: Callable[..., Server], is_reusable: bool
) -> None:
    server = serve("hanging_up_reusably" if is_reusable else "hanging_up")
    with socket.create_connection(("127.0.0.1", server.port)) as client:
        assert client.recv(1) == b""
    report = free(server.port)
    assert not server.is_running()
    assert report.proof
    assert report.proof.verdict is PortVerdict.TIME_WAIT
    assert report.proof.time_wait_left_s is not None
    assert 0 < report.proof.time_wait_left_s <= 60
    assert re.search(r"only TIME_WAIT is left, for \d+ s\.", report.now)
    # Only what had SO_REUSEADDR itself lets a server with SO_REUSEADDR start.
    assert report.outcome is (Outcome.DONE if is_reusable else Outcome.NOT_DONE)
    assert ("SO_REUSEADDR" if is_reusable else "Wait") in report.next_step
    with socket.socket() as again:
        again.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            again.bind(("127.0.0.1", server.port))
        except OSError:
            assert not is_reusable
        else:
            assert is_reusable


def lets_strangers_share() -> bool:
    """Bind two sockets of the test's own to one port, as the servers are about to do."""
    with socket.socket() as first, socket.socket() as second:
        for each in (first, second):
            each.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        first.bind(("127.0.0.1", 0))
        first.listen()
        try:
            second.bind(first.getsockname())
            second.listen()
        except OSError:
            return False
    return True


@pytest.mark.windows_only("there SO_REUSEADDR lets strangers share a port")
def test_all_who_share_a_port_are_stopped(serve: Callable[..., Server]) -> None:
    if not lets_strangers_share():
        pytest.skip("this system lets nobody share a port like this")
    first = serve("sharing")
    second = serve("sharing", "127.0.0.1", str(first.port))
    plan = inspect_port(FreeRequest(first.port))
    assert {step.process.key for step in plan.steps if step.process} == {first.key, second.key}
    assert free_port(plan, watch_s=WATCH_S).outcome is Outcome.DONE
    assert not first.is_running()
    assert not second.is_running()


def test_a_udp_holder_is_stopped_for_udp_only(serve: Callable[..., Server]) -> None:
    server = serve("udp")
    assert inspect_port(FreeRequest(server.port)).steps == ()
    report = free(server.port, protocol=Protocol.UDP)
    assert report.outcome is Outcome.DONE
    assert not server.is_running()


@pytest.mark.linux_only("two sockets at one port but different addresses of 127.0.0.0/8")
def test_a_client_with_the_same_local_port_is_named_and_left_alone(
    serve: Callable[..., Server],
) -> None:
    server = serve("polite", "127.0.0.1")
    client = serve("client", "127.0.0.2", str(server.port))
    plan = inspect_port(FreeRequest(server.port))
    assert [row.pid for row in plan.left_alone] == [client.pid]
    report = free_port(plan, watch_s=WATCH_S)
    assert report.outcome is Outcome.DONE
    assert client.is_running()
    assert not server.is_running()


@pytest.mark.linux_only("fork, and what SO_REUSEADDR passes over")
def test_a_session_that_outlives_its_listener_keeps_no_restart_from_working(
    serve: Callable[..., Server],
) -> None:
    server = serve("forking")
    with socket.create_connection(("127.0.0.1", server.port)) as client:
        session = int(client.recv(10))
        report = free(server.port)
        assert report.outcome is Outcome.DONE
        assert report.proof
        assert report.proof.verdict is PortVerdict.CONNECTIONS
        assert "is free for a server that sets SO_REUSEADDR" in report.now
        assert f"(PID {session})" in report.now
        assert "close" not in report.next_step
        socket.create_server(("127.0.0.1", server.port)).close()


@pytest.mark.linux_only("binds that collide as on Linux")
def test_an_outgoing_connection_ends_a_dry_run_as_the_real_one(
    serve: Callable[..., Server],
) -> None:
    client = serve("outgoing")
    plan = inspect_port(FreeRequest(client.port))
    assert [info.pid for info in plan.neighbours.values()] == [client.pid]
    expected = expected_report(plan)
    assert expected
    assert expected.outcome is Outcome.NOT_DONE
    assert f"(PID {client.pid}) uses the port for its connection" in expected.now
    assert "can't be taken" in expected.now
    real = free_port(plan, watch_s=WATCH_S)
    assert (real.outcome, real.now) == (expected.outcome, expected.now)
    assert client.is_running()


def test_a_dry_run_that_would_stop_something_expects_nothing(serve: Callable[..., Server]) -> None:
    server = serve("polite")
    assert expected_report(inspect_port(FreeRequest(server.port))) is None
    assert server.is_running()


@pytest.mark.linux_only("SO_REUSEPORT")
@pytest.mark.root_only(reason="makes network namespaces, in which the port of mDNS is free")
def test_what_is_there_to_be_shared_is_left_alone(two_machines: Any) -> None:
    code = """
import json, socket
from portview.actions.free_port.execute import expected_report, inspect_port
from portview.actions.port_usage import FreeRequest
from portview.domain.sockets.socket_row import Protocol
held = []
for _ in range(2):
    held.append(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    held[-1].setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    held[-1].bind(("0.0.0.0", 5353))
plan = inspect_port(FreeRequest(5353, Protocol.UDP))
report = expected_report(plan)
for one in held:
    one.close()
counts = [len(plan.steps), len(plan.left_alone)]
print(json.dumps([plan.is_shared, *counts, report.outcome, report.now]))
"""
    near, _ = two_machines
    is_shared, steps, left_alone, outcome, now = near.python(code)
    assert (is_shared, steps, left_alone, outcome) == (True, 0, 2, Outcome.DONE)
    assert now == "UDP port 5353 is free."


def test_the_connections_of_the_holder_are_counted(serve: Callable[..., Server]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as own:
        port = own.getsockname()[1]
        with socket.create_connection(own.getsockname()) as client:
            accepted, _ = own.accept()
            with accepted:
                plan = inspect_port(FreeRequest(port))
                assert [row.remote for row in plan.served] == [client.getsockname()]
    (step,) = plan.steps
    assert step.kind is PlanAction.REFUSE  # this process itself
    assert step.refusal
    assert step.refusal.code == "is_portview"


def test_a_refused_plan_does_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as own:
        report = free(own.getsockname()[1])
    assert report.outcome is Outcome.NOT_DONE
    assert "Nothing was done" in report.done


def test_a_free_port_is_told_free() -> None:
    with socket.create_server(("127.0.0.1", 0)) as own:
        port = own.getsockname()[1]
    report = free(port)
    assert report.outcome is Outcome.DONE
    assert report.now == f"TCP port {port} is free."


def test_a_reused_pid_is_refused_and_nothing_else_is_stopped(
    serve: Callable[..., Server],
) -> None:
    server = serve("polite")
    plan = inspect_port(FreeRequest(server.port))
    server.stop()
    other = serve("polite", "127.0.0.1", str(server.port))
    report = free_port(plan, watch_s=0)
    assert other.is_running()
    assert report.outcome is Outcome.NOT_DONE
    assert report.proof
    assert report.proof.verdict is PortVerdict.TAKEN_AGAIN
    assert report.results[0].ending is Ending.GONE


def test_a_tree_ends_deepest_first(serve: Callable[..., Server]) -> None:
    server = serve("tree")
    pids = [server.told["grandchild"], server.told["child"], server.pid]
    plan = inspect_port(FreeRequest(server.port, tree=True))
    (step,) = plan.steps
    assert [m.key.pid for m in step.members if m.info.name != "conhost.exe"] == pids
    report = free_port(plan, watch_s=WATCH_S)
    assert report.outcome is Outcome.DONE
    assert not any(server.is_running(pid) for pid in pids)


def test_without_tree_the_children_stay(serve: Callable[..., Server]) -> None:
    server = serve("tree")
    report = free(server.port)
    assert report.outcome is Outcome.DONE
    assert server.is_running(server.told["child"])
    assert server.is_running(server.told["grandchild"])


@pytest.mark.linux_only("SO_REUSEPORT and fork")
def test_a_worker_that_is_in_a_tree_and_holds_the_port_is_stopped_once(
    serve: Callable[..., Server],
) -> None:
    server = serve("workers")
    report = free(server.port, tree=True)
    assert report.outcome is Outcome.DONE
    stopped = [result.process.pid for result in report.results]
    assert sorted(stopped) == sorted({server.pid, *server.told["children"]})
