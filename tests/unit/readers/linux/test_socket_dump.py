"""What the reader makes of a kernel that interrupts, refuses, or talks nonsense."""

from __future__ import annotations

import errno

import pytest

from portview.domain.errors import PortViewError
from portview.domain.sockets.socket_row import Family, Protocol
from portview.readers.linux.sock_diag_messages import (
    RefusedError,
    dump_request,
    dump_tcp_request,
)
from portview.readers.linux.socket_dump import SocketDump
from tests.fakes.netlink import INTERRUPTED, FakeSockDiag, done, refusal, socket_message

NOTHING = [done()]
LISTENER = [socket_message(), done()]
TORN = [socket_message(flags=2 | INTERRUPTED), done()]


def failed() -> list[bytes | Exception]:
    return [socket_message(), PortViewError("netlink_failed", "No buffer space available")]


def test_an_unchanged_socket_is_the_same_object() -> None:
    diag = FakeSockDiag(LISTENER, NOTHING, NOTHING, LISTENER, NOTHING, NOTHING)
    dump = SocketDump(diag)
    first, second = dump.read(), dump.read()
    assert first.found == first.learned
    assert len(first.found) == 1
    assert first.found[0].rows == ()
    assert first.found[0].socket.local == ("127.0.0.1", 80)
    assert second.found[0] is first.found[0]
    assert not second.learned


def test_a_forgotten_socket_is_learned_anew() -> None:
    dump = SocketDump(FakeSockDiag(LISTENER, NOTHING, NOTHING, LISTENER, NOTHING, NOTHING))
    (known,) = dump.read().found
    dump.forget(known)
    (again,) = dump.read().learned
    assert again is not known
    assert again.socket == known.socket


def test_an_interrupted_list_is_read_again() -> None:
    diag = FakeSockDiag(TORN, TORN, LISTENER, NOTHING, NOTHING)
    reading = SocketDump(diag).read()
    assert len(reading.found) == 1
    assert reading.notes == ()
    assert not diag.reopened


def test_a_list_that_never_holds_still_is_taken_with_a_note() -> None:
    reading = SocketDump(FakeSockDiag(TORN, TORN, TORN, NOTHING, NOTHING)).read()
    assert len(reading.found) == 1
    assert len(reading.notes) == 1


def test_a_dialogue_that_broke_off_begins_anew() -> None:
    diag = FakeSockDiag(failed(), [b"\0" * 40], LISTENER, NOTHING, NOTHING)
    reading = SocketDump(diag).read()
    assert len(reading.found) == 1
    assert diag.reopened == 2


def test_after_three_failures_the_reader_gives_up() -> None:
    diag = FakeSockDiag(failed(), failed(), failed())
    with pytest.raises(PortViewError, match="No buffer space"):
        SocketDump(diag).read()


def test_what_a_failed_reading_learned_is_new_to_the_next_one() -> None:
    broken = [failed()] * 3
    dump = SocketDump(FakeSockDiag(*broken, LISTENER, NOTHING, NOTHING))
    with pytest.raises(PortViewError):
        dump.read()
    reading = dump.read()
    assert reading.learned == reading.found
    assert len(reading.found) == 1


def test_without_the_old_request_each_family_is_asked_for() -> None:
    no_ipv6 = [refusal(errno.ENOENT)]
    diag = FakeSockDiag([refusal(errno.EOPNOTSUPP)], LISTENER, no_ipv6, NOTHING, no_ipv6)
    dump = SocketDump(diag)
    reading = dump.read()
    (known,) = reading.found
    assert known.protocol is Protocol.TCP
    assert reading.notes == (), "a family that is missing makes no list incomplete"
    assert len(diag.asked) == 5


@pytest.mark.parametrize("number", [errno.EPERM, errno.EACCES, errno.EOPNOTSUPP])
def test_a_refusal_is_told_as_one(number: int) -> None:
    with pytest.raises(RefusedError) as caught:
        SocketDump(FakeSockDiag(*[[refusal(number)]] * 3)).read()
    assert caught.value.error_number == number
    assert caught.value.hint


@pytest.mark.parametrize("number", [errno.EPERM, errno.EACCES, errno.ENOMEM])
def test_only_a_missing_family_is_taken_for_no_ipv6(number: int) -> None:
    """Any other refusal of IPv6 would hide half of the sockets."""
    old_request, refused = [refusal(errno.EOPNOTSUPP)], [refusal(number)]
    with pytest.raises(RefusedError):
        SocketDump(FakeSockDiag(old_request, LISTENER, refused, NOTHING, NOTHING)).read()


EACH_FAMILY = [
    dump_request(protocol, family, 1)
    for protocol in (Protocol.TCP, Protocol.UDP)
    for family in (Family.IPV4, Family.IPV6)
]


def test_both_protocols_are_asked_for_in_both_families() -> None:
    udp = [socket_message(("::1", 53), cookie=8), done()]
    diag = FakeSockDiag(LISTENER, NOTHING, udp)
    tcp, other = SocketDump(diag).read().found
    assert diag.asked == [dump_tcp_request(1), *EACH_FAMILY[2:]]
    assert (tcp.protocol, other.protocol) == (Protocol.TCP, Protocol.UDP)
    assert other.socket.local == ("::1", 53)


def test_a_kernel_without_the_old_request_is_not_asked_for_it_again() -> None:
    nothing = [NOTHING] * 4
    diag = FakeSockDiag([refusal(errno.EOPNOTSUPP)], *nothing, LISTENER, *nothing[1:])
    dump = SocketDump(diag)
    dump.read()
    assert diag.reopened == 1, "what is left of the dialogue is in nobody's way"
    assert len(dump.read().found) == 1
    assert diag.asked == [dump_tcp_request(1), *EACH_FAMILY, *EACH_FAMILY]


@pytest.mark.parametrize("torn", [0, 1])
def test_a_torn_list_of_one_family_is_noted(torn: int) -> None:
    families = [[NOTHING], [NOTHING]]
    families[torn] = [TORN] * 3
    replies = [reply for family in families for reply in family]
    diag = FakeSockDiag([refusal(errno.EOPNOTSUPP)], *replies, NOTHING, NOTHING)
    reading = SocketDump(diag).read()
    assert (len(reading.found), len(reading.notes)) == (1, 1)


def test_a_torn_list_of_udp_is_noted_as_well() -> None:
    reading = SocketDump(FakeSockDiag(NOTHING, TORN, TORN, TORN, NOTHING)).read()
    assert (len(reading.found), len(reading.notes)) == (1, 1)


def test_a_machine_without_ipv4_is_no_machine_that_is_known() -> None:
    old_request, missing = [refusal(errno.EOPNOTSUPP)], [refusal(errno.ENOENT)]
    with pytest.raises(RefusedError):
        SocketDump(FakeSockDiag(old_request, missing, LISTENER, NOTHING, NOTHING)).read()


def test_what_was_known_before_a_failed_reading_is_still_known_after_it() -> None:
    second = [socket_message(("127.0.0.1", 81), cookie=8), *failed()]
    both = [socket_message(), socket_message(("127.0.0.1", 81), cookie=8), done()]
    rest = [NOTHING, NOTHING]
    dump = SocketDump(FakeSockDiag(LISTENER, *rest, second, second, second, both, *rest))
    (known,) = dump.read().found
    with pytest.raises(PortViewError):
        dump.read()
    reading = dump.read()
    assert reading.found[0] is known
    assert [one.socket.local[1] for one in reading.learned] == [81]


def test_nothing_is_read_behind_the_end_of_a_list() -> None:
    endless = PortViewError("netlink_failed", "read on")
    diag = FakeSockDiag([socket_message(), done(), endless], NOTHING, NOTHING)
    assert len(SocketDump(diag).read().found) == 1
    assert not diag.reopened


def test_closing_closes_the_netlink_socket() -> None:
    diag = FakeSockDiag()
    SocketDump(diag).close()
    assert diag.is_closed


def test_a_socket_of_an_unknown_family_is_left_out_and_hides_no_other() -> None:
    unknown = bytearray(socket_message(cookie=9))
    unknown[16] = 99  # idiag_family, behind the header
    dump = SocketDump(FakeSockDiag([bytes(unknown), *LISTENER], NOTHING, NOTHING))
    reading = dump.read()
    assert [one.socket.local for one in reading.found] == [("127.0.0.1", 80)]
    assert reading.learned == reading.found
