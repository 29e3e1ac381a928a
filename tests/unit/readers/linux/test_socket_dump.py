"""What the reader makes of a kernel that interrupts, refuses, or talks nonsense."""

from __future__ import annotations

import errno

import pytest

from portview.domain.errors import PortViewError
from portview.domain.sockets.socket_row import Protocol
from portview.readers.linux.sock_diag_messages import RefusedError
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
