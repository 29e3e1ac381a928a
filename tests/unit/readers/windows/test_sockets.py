"""The Windows reader from reading to reading, on tables and processes of the test's own making."""

from __future__ import annotations

import ctypes

import pytest

from portview.domain.errors import PortViewError
from portview.domain.owners.process import ProcessKey
from portview.domain.owners.service import Service, ServiceState
from portview.domain.sockets.socket_row import (
    Endpoint,
    Family,
    OwnerProblem,
    Protocol,
    SocketKey,
    SocketRow,
    State,
)
from portview.readers.services import WindowsServices
from portview.readers.windows.socket_tables import BOUND4, TCP4, TCP6, UDP4, UDP6, RowLayout
from portview.readers.windows.sockets import IphlpapiSocketReader
from tests.fakes.windows import (
    Bound4,
    FakeProcesses,
    FakeServiceManager,
    FakeTables,
    Tcp4,
    Udp4,
    filetime,
    network_order,
)

LISTEN, ESTABLISHED, TIME_WAIT = 2, 5, 11
STARTED, OPENED = 1_700_000_000_000, 1_700_000_100_000
SERVICE = Service("Dnscache", "DNS Client", ServiceState.RUNNING, 100)
OTHER_SERVICE = Service("BFE", "Base Filtering Engine", ServiceState.RUNNING, 100)


class Machine:
    """A Windows with one process, PID 100, and no sockets yet."""

    def __init__(self) -> None:
        self.now_ms = OPENED + 60_000
        self.tables = FakeTables()
        self.processes = FakeProcesses({0: (0, 0), 4: (0, 0), 100: (STARTED, 4)})
        self.manager = FakeServiceManager()
        self.reader = IphlpapiSocketReader(
            self.tables, self.processes, WindowsServices(self.manager), self.clock
        )

    def clock(self) -> int:
        """Let a second pass between two readings."""
        self.now_ms += 1_000
        return self.now_ms * 1_000_000

    def read(self) -> tuple[SocketRow, ...]:
        return self.reader.read().rows

    def only(self) -> SocketRow:
        (row,) = self.read()
        return row


@pytest.fixture
def machine() -> Machine:
    return Machine()


def address(*numbers: int) -> ctypes.Array[ctypes.c_uint8]:
    return (ctypes.c_uint8 * 4)(*numbers)


def info(tag: int = 0) -> ctypes.Array[ctypes.c_uint64]:
    return (ctypes.c_uint64 * 16)(tag)


def tcp(
    port: int,
    *,
    state: int = LISTEN,
    pid: int = 100,
    opened: int = OPENED,
    peer: int = 0,
    tag: int = 0,
) -> Tcp4:
    created = filetime(opened) if opened else 0
    return Tcp4(
        state, address(127, 0, 0, 1), network_order(port), address(127, 0, 0, 1),
        network_order(peer), pid, created, info(tag),
    )  # fmt: skip


def udp(port: int, *, pid: int = 100, opened: int = OPENED, flags: int = 0) -> Udp4:
    return Udp4(address(0, 0, 0, 0), network_order(port), pid, filetime(opened), flags, info())


def bound(port: int, *, pid: int = 100) -> Bound4:
    return Bound4(1, address(0, 0, 0, 0), network_order(port), address(0, 0, 0, 0), 0, pid, 0)


def test_a_socket_with_its_owner_and_its_age(machine: Machine) -> None:
    machine.tables.rows = {TCP4: [tcp(8080)]}
    row = machine.only()
    assert row.owner == ProcessKey(100, STARTED)
    assert (row.pid, row.state, row.opened_at_ms) == (100, State.LISTEN, OPENED)
    assert (row.protocol, row.key.family) == (Protocol.TCP, Family.IPV4)
    assert (row.local, row.remote) == (Endpoint("127.0.0.1", 8080), None)
    assert row.key.token == filetime(OPENED)
    assert machine.reader.read().notes == ()


def test_what_did_not_change_is_the_same_object(machine: Machine) -> None:
    machine.tables.rows = {
        TCP4: [tcp(8080), tcp(50000, state=ESTABLISHED, peer=9)],
        UDP4: [udp(53)],
    }
    before = machine.read()
    machine.tables.rows[TCP4] = [tcp(9090), *reversed(machine.tables.rows[TCP4])]
    machine.processes.processes[101] = (OPENED, 100)
    after = machine.read()
    assert {id(row) for row in before} < {id(row) for row in after}
    assert len(after) == 4


def test_a_change_of_state_keeps_the_key(machine: Machine) -> None:
    machine.tables.rows = {TCP4: [tcp(50000, state=ESTABLISHED, peer=9)]}
    before = machine.only()
    machine.tables.rows = {TCP4: [tcp(50000, state=8, peer=9)]}
    after = machine.only()
    assert after.key == before.key
    assert after.state is State.CLOSE_WAIT


def test_a_forged_reuse_of_the_pid_is_never_the_owner(machine: Machine) -> None:
    machine.tables.rows = {TCP4: [tcp(8080)]}
    machine.processes.processes[100] = (OPENED + 60_000, 4)
    row = machine.only()
    assert row.owner is None
    assert row.pid == 100
    assert row.owner_problem is OwnerProblem.PID_REUSED


@pytest.mark.parametrize("opened", [OPENED, 0])
def test_a_pid_that_passes_on_between_two_readings_is_noticed(
    machine: Machine, opened: int
) -> None:
    machine.tables.rows = {TCP4: [tcp(8080, opened=opened)]}
    assert machine.only().owner == ProcessKey(100, STARTED)
    machine.processes.processes[100] = (machine.now_ms + 500, 4)
    for _ in range(3):
        row = machine.only()
        assert row.owner is None
        assert row.owner_problem is OwnerProblem.PID_REUSED


@pytest.mark.parametrize("is_gone_between", [False, True])
def test_a_successor_that_seems_older_by_a_clock_that_was_set_back_owns_nothing(
    machine: Machine, is_gone_between: bool
) -> None:
    machine.tables.rows = {TCP4: [tcp(8080)]}
    assert machine.only().owner == ProcessKey(100, STARTED)
    if is_gone_between:
        del machine.processes.processes[100]
        assert machine.only().owner_problem is OwnerProblem.PROCESS_GONE
    machine.now_ms = OPENED - 3_600_000
    machine.processes.processes[100] = (OPENED - 3_000_000, 4)
    for _ in range(3):
        row = machine.only()
        assert (row.owner, row.owner_problem) == (None, OwnerProblem.PID_REUSED)


def test_an_orphan_without_a_time_stays_one_for_as_long_as_its_socket(machine: Machine) -> None:
    """When it was first listed is what counts, also in every later reading."""
    machine.processes.processes[100] = (machine.now_ms + 5_000, 4)
    machine.tables.rows = {TCP4: [tcp(8080, opened=0)]}
    for _ in range(3):
        assert machine.only().owner_problem is OwnerProblem.PID_REUSED
        machine.now_ms += 60_000
        machine.processes.processes[101] = (machine.now_ms, 100)


def test_an_owner_of_which_something_else_changed_is_still_the_owner(machine: Machine) -> None:
    machine.tables.rows = {TCP4: [tcp(8080)]}
    before = machine.only()
    machine.processes.processes[100] = (STARTED, 5)
    assert machine.only() is before
    assert before.owner == ProcessKey(100, STARTED)


def test_two_readings_at_one_moment_can_be_compared(machine: Machine) -> None:
    """The clock may not have gone on between them."""
    machine.processes.processes[100] = (machine.now_ms + 3_600_000, 4)
    machine.read()
    machine.now_ms -= 1_000
    machine.tables.rows = {TCP4: [tcp(8080, opened=machine.now_ms + 1_001)]}
    assert machine.only().owner_problem is None


def test_a_row_of_the_system_process_has_no_services(machine: Machine) -> None:
    machine.manager.listed = [Service("KernelService", "K", ServiceState.RUNNING, 4)]
    machine.tables.rows = {TCP4: [tcp(445, pid=4)]}
    assert machine.only().services == ()


def test_an_owner_that_ended_leaves_its_children_as_likely_holders(machine: Machine) -> None:
    machine.tables.rows = {TCP4: [tcp(8080)]}
    machine.processes.processes |= {
        201: (OPENED + 10, 100),
        202: (OPENED + 5, 100),
        203: (STARTED + 1, 100),
        204: (OPENED + 5, 4),
    }
    assert machine.only().likely_holders == ()
    del machine.processes.processes[100]
    row = machine.only()
    assert row.owner is None
    assert row.owner_problem is OwnerProblem.PROCESS_GONE
    assert row.likely_holders == (ProcessKey(202, OPENED + 5), ProcessKey(201, OPENED + 10))
    assert machine.only() is row, "an orphan that did not change is the same object too"
    # A process that a later owner of the PID starts is no child of the dead one.
    machine.processes.processes[300] = (machine.now_ms + 500, 100)
    del machine.processes.processes[202]
    assert machine.only().likely_holders == (ProcessKey(201, OPENED + 10),)


def test_children_of_the_successor_are_no_holders(machine: Machine) -> None:
    machine.tables.rows = {TCP4: [tcp(8080)]}
    machine.processes.processes |= {
        100: (OPENED + 60_000, 4),
        201: (OPENED + 10, 100),
        202: (OPENED + 70_000, 100),
    }
    assert machine.only().likely_holders == (ProcessKey(201, OPENED + 10),)


@pytest.mark.parametrize(
    ("started", "is_heir"),
    [(OPENED + 29_999, True), (OPENED + 30_000, False), (OPENED + 40_000, False)],
)
def test_children_that_began_with_the_successor_or_later_are_its_own(
    machine: Machine, started: int, is_heir: bool
) -> None:
    """They began before anybody saw that the owner is gone: only the successor's start tells."""
    machine.tables.rows = {TCP4: [tcp(8080)]}
    machine.processes.processes |= {100: (OPENED + 30_000, 4), 201: (started, 100)}
    row = machine.only()
    assert row.owner_problem is OwnerProblem.PID_REUSED
    assert row.likely_holders == ((ProcessKey(201, started),) if is_heir else ())


def test_a_clock_that_was_set_back_makes_nobody_a_stranger(machine: Machine) -> None:
    """The process began at a time that is still to come by the clock of now."""
    began = machine.now_ms + 3_600_000
    machine.processes.processes[100] = (began, 4)
    assert machine.read() == ()
    machine.tables.rows = {TCP4: [tcp(8080, opened=machine.now_ms + 500)], BOUND4: [bound(7000)]}
    for _ in range(3):
        rows = machine.read()
        assert len(rows) == 2
        assert {row.owner for row in rows} == {ProcessKey(100, began)}
        assert {row.owner_problem for row in rows} == {None}
    machine.processes.processes[100] = (machine.now_ms + 500, 4)
    assert {row.owner_problem for row in machine.read()} == {OwnerProblem.PID_REUSED}


def test_a_clock_that_is_set_back_between_two_readings_proves_nothing(machine: Machine) -> None:
    machine.processes.processes[100] = (machine.now_ms, 4)
    machine.read()
    machine.now_ms -= 3_600_000
    machine.tables.rows = {TCP4: [tcp(8080, opened=machine.now_ms + 500)], BOUND4: [bound(7000)]}
    assert {row.owner_problem for row in machine.read()} == {OwnerProblem.PID_REUSED}


def test_a_socket_as_old_as_the_last_reading_is_not_taken_for_new(machine: Machine) -> None:
    machine.processes.processes[100] = (machine.now_ms + 3_600_000, 4)
    machine.read()
    machine.tables.rows = {TCP4: [tcp(8080, opened=machine.now_ms)]}
    assert machine.only().owner_problem is OwnerProblem.PID_REUSED
    machine.tables.rows = {TCP4: [tcp(8081, opened=machine.now_ms + 1)]}
    assert machine.only().owner_problem is None


@pytest.mark.parametrize("is_missed", [False, True])
def test_an_old_socket_that_is_new_to_a_table_is_not_the_successors(
    machine: Machine, is_missed: bool
) -> None:
    """It was bound before, or its table could not be read: its own time is what counts."""
    machine.processes.processes[100] = (OPENED + 30_000, 4)
    if is_missed:
        machine.tables.rows = {TCP4: OSError(87, "wrong"), BOUND4: [bound(8080)]}
    machine.read()
    machine.tables.rows = {TCP4: [tcp(8080)], BOUND4: [bound(8080)]}
    row = next(row for row in machine.read() if row.state is State.LISTEN)
    assert row.owner_problem is OwnerProblem.PID_REUSED


@pytest.mark.parametrize("table", [TCP4, BOUND4])
def test_a_socket_of_an_owner_that_ended_before_it_was_ever_listed_is_not_the_successors(
    machine: Machine, table: RowLayout
) -> None:
    machine.read()
    opened = machine.now_ms + 300
    machine.processes.processes[100] = (machine.now_ms + 5_000, 4)
    socket = tcp(8080, opened=opened) if table is TCP4 else bound(8080)
    machine.tables.rows = {table: [socket]}
    assert machine.only().owner_problem is OwnerProblem.PID_REUSED


def test_an_orphan_that_changes_its_state_stays_an_orphan(machine: Machine) -> None:
    machine.processes.processes[100] = (OPENED + 30_000, 4)
    machine.tables.rows = {TCP4: [tcp(50000, state=ESTABLISHED, peer=9)]}
    assert machine.only().owner is None
    machine.tables.rows = {TCP4: [tcp(50000, state=8, peer=9)]}
    row = machine.only()
    assert (row.owner, row.owner_problem) == (None, OwnerProblem.PID_REUSED)


@pytest.mark.parametrize("opened", [0, None])
def test_without_a_time_only_what_was_not_there_is_new(
    machine: Machine, opened: int | None
) -> None:
    machine.processes.processes[100] = (machine.now_ms + 3_600_000, 4)
    machine.read()
    if opened is None:
        machine.tables.rows = {BOUND4: [bound(7000)]}
        assert machine.only().owner is not None
        return
    machine.tables.rows = {TCP4: [tcp(8080, opened=opened)]}
    assert machine.only().owner is None, "a listener without a time may have been bound before"


def test_the_idle_and_the_system_process_are_never_missing(machine: Machine) -> None:
    machine.tables.rows = {
        TCP4: [tcp(50000, state=TIME_WAIT, pid=0, peer=9), tcp(445, pid=4)],
    }
    idle, system = machine.read()
    ends = Endpoint("127.0.0.1", 50000), Endpoint("127.0.0.1", 9)
    assert idle.key == SocketKey(Protocol.TCP, Family.IPV4, *ends, None, filetime(OPENED))
    assert (idle.state, idle.opened_at_ms) == (State.TIME_WAIT, OPENED)
    assert (idle.owner, idle.pid, idle.owner_problem) == (None, 0, None)
    assert (system.owner, system.pid, system.owner_problem) == (ProcessKey(4, 0), 4, None)


def test_the_service_that_opened_a_socket_is_named(machine: Machine) -> None:
    machine.manager.listed = [SERVICE, OTHER_SERVICE]
    machine.manager.tags = {(100, 7): "Dnscache"}
    machine.tables.rows = {TCP4: [tcp(8080, tag=7), tcp(9090)]}
    tagged, untagged = machine.read()
    assert tagged.services == ("Dnscache",)
    assert untagged.services == ("BFE", "Dnscache")
    machine.read()
    assert machine.manager.readings == 1


def test_a_connection_keeps_its_far_end_and_has_no_services_of_others(machine: Machine) -> None:
    machine.manager.listed = [SERVICE]
    machine.processes.processes[100] = (OPENED + 60_000, 4)
    machine.tables.rows = {TCP4: [tcp(50000, state=ESTABLISHED, peer=9), tcp(445, pid=4)]}
    orphan, system = machine.read()
    assert orphan.remote == Endpoint("127.0.0.1", 9)
    assert (orphan.owner, orphan.services) == (None, ())
    assert system.services == ()


def test_a_moved_pid_puts_the_other_orphans_to_the_test_as_well(machine: Machine) -> None:
    machine.processes.processes[200] = (STARTED, 4)
    machine.tables.rows = {TCP4: [tcp(8080), tcp(9090, pid=200)]}
    machine.read()
    del machine.processes.processes[100]
    assert [row.owner_problem for row in machine.read()] == [OwnerProblem.PROCESS_GONE, None]
    del machine.processes.processes[200]
    heir = ProcessKey(300, OPENED + 1_000)  # seen only now
    machine.processes.processes[heir.pid] = (heir.started_ms, 100)
    first, second = machine.read()
    assert first.likely_holders == (heir,)
    assert second.owner_problem is OwnerProblem.PROCESS_GONE


def test_one_table_that_fails_leaves_the_others(machine: Machine) -> None:
    machine.tables.rows = {TCP4: [tcp(8080)], TCP6: OSError(87, "wrong"), UDP4: [udp(53)]}
    listing = machine.reader.read()
    assert [row.local.port for row in listing.rows] == [8080, 53]
    (note,) = listing.notes
    assert "TCP over IPv6" in note


def test_rows_come_back_as_they_were_when_their_table_does(machine: Machine) -> None:
    machine.tables.rows = {TCP4: [tcp(8080)], UDP4: [udp(53)]}
    before = machine.read()
    machine.tables.rows[TCP4] = OSError(87, "wrong")
    assert len(machine.read()) == 1
    machine.tables.rows[TCP4] = [tcp(8080)]
    assert machine.reader.read().notes == ()
    assert machine.read() == before


def test_no_table_at_all_is_an_error_that_can_be_told(machine: Machine) -> None:
    machine.tables.rows = {layout: OSError(5, "no") for layout in (TCP4, TCP6, UDP4, UDP6)}
    with pytest.raises(PortViewError) as caught:
        machine.read()
    assert caught.value.code == "sockets_unreadable"


def test_without_a_list_of_processes_no_owner_could_be_checked(machine: Machine) -> None:
    machine.tables.rows = {TCP4: [tcp(8080)]}
    machine.processes.error = OSError(5, "no")
    with pytest.raises(PortViewError, match="list of processes"):
        machine.read()


def test_sockets_that_share_a_port_are_told_apart_by_their_age_or_are_one_row(
    machine: Machine,
) -> None:
    machine.tables.rows = {
        UDP4: [udp(5353), udp(5353, opened=OPENED + 1), udp(5353, flags=1), udp(5353)]
    }
    rows = machine.read()
    assert len(rows) == len({row.key for row in rows}) == 2
    assert machine.read() == rows


def test_bound_endpoints_are_shown_only_where_nothing_else_is(machine: Machine) -> None:
    machine.tables.rows = {
        TCP4: [tcp(8080), tcp(50000, state=ESTABLISHED, peer=9)],
        UDP4: [udp(6000)],
        BOUND4: [bound(8080), bound(50000), bound(6000), bound(7000)],
    }
    ports = [row.local.port for row in machine.read() if row.state is State.BOUND]
    assert ports == [6000, 7000]
