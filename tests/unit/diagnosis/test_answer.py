"""What holds for every answer, whatever the machine says."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from portview.diagnosis.answer import diagnose
from portview.diagnosis.document import answer_document
from portview.diagnosis.facts import Facts, OwnerFacts, Reading, Self
from portview.diagnosis.report import markdown_report, text_report, without
from portview.domain.facts import Absent, Known, Remedy, Unreadable
from portview.domain.firewall import FirewallAnswer, FirewallVerdict
from portview.domain.owners.process import Execution
from portview.domain.sockets.port_ranges import PortRange, PortRanges
from portview.domain.sockets.socket_row import OwnerProblem, Protocol, State
from portview.probes.server_reply import ReplyKind, ServerReply
from tests.diagnosis_facts import LAN, LAN_IPV6, LOOPBACK, binds, facts, known, listener, process

ADDRESSES = ("0.0.0.0", "127.0.0.1", "192.168.1.20", "::", "::1", "2001:db8::20", "10.9.9.9")  # noqa: S104
CODES = (None, 98, 13, 99, 1, 22, 97, 10048, 10013)
TEXTS = (
    "",
    "bind 0.0.0.0:8080: address already in use",
    "connect to port 8080: connection refused",
    "wrong version number, port 8080",
    "nothing that is known, port 8080",
)
NAMES = ("node", "docker-proxy", "systemd", "svchost.exe", "wslrelay.exe", "evil\u202e\n", "")


@st.composite
def sockets(draw: st.DrawFn) -> Any:
    has_owner = draw(st.booleans())
    state = draw(st.sampled_from([None, *State]))
    is_connection = state not in {None, State.LISTEN, State.BOUND}
    pid = draw(st.sampled_from([1, 4, 4242]))
    return listener(
        draw(st.sampled_from(ADDRESSES)),
        state=state,
        owners=(process(draw(st.sampled_from(NAMES)), pid),) if has_owner else (),
        pid=pid,
        problem=None if has_owner else draw(st.sampled_from([None, *OwnerProblem])),
        is_mine=draw(st.sampled_from([None, True, False])),
        user=draw(st.sampled_from([None, "dev", "root"])),
        token=draw(st.integers(0, 3)),
        remote="192.168.1.9" if is_connection else None,
        remote_port=draw(st.sampled_from([443, 50123])) if is_connection else 0,
        receive_queue=draw(st.sampled_from([None, 0, 1, 9])),
        send_queue=draw(st.sampled_from([None, 0, 5])),
        is_v6_only=draw(st.sampled_from([None, True, False])),
        services=draw(st.sampled_from([(), ("iphlpsvc",)])),
    )


def reading(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Reading[Any]]:
    return st.one_of(
        values.map(known),
        st.just(Reading(Absent(), "a test")),
        st.just(Reading(Unreadable("access is denied", Remedy.ADMINISTRATOR), "a test")),
    )


RANGES = st.builds(
    PortRanges,
    st.sampled_from([None, PortRange(32768, 60999), PortRange(1024, 65534)]),
    st.lists(st.builds(PortRange, st.just(8054), st.just(8153), st.booleans()), max_size=2).map(
        tuple
    ),
)


@st.composite
def machines(draw: st.DrawFn) -> Facts:
    code = st.sampled_from(CODES)
    some = facts(
        draw(st.sampled_from(["linux", "win32", "darwin"])),
        port=draw(st.sampled_from([0, 80, 443, 6000, 8080, 50100])),
        protocol=draw(st.sampled_from(Protocol)),
        address=draw(st.sampled_from([None, *ADDRESSES])),
        text=draw(st.sampled_from(TEXTS)),
        sockets=draw(reading(st.lists(sockets(), max_size=4).map(tuple))),
        binds=draw(
            st.one_of(
                st.builds(binds, code, code, code),
                st.just(Reading(Unreadable("no sockets"), "a test")),
            )
        ),
        ranges=draw(reading(RANGES)),
        any_port_code=draw(reading(st.sampled_from([98, 99, 24]))),
        control_code=draw(reading(st.sampled_from([13, 1]))),
        specific_code=draw(reading(st.sampled_from([10013, 98]))),
        lists_bound=draw(reading(st.booleans())),
        privileged_floor=draw(reading(st.sampled_from([0, 1024]))),
        may_bind_privileged=draw(reading(st.booleans())),
        selinux_enforcing=draw(reading(st.booleans())),
        ipv6_off=draw(reading(st.booleans())),
        addresses=draw(
            reading(st.lists(st.sampled_from([LOOPBACK, LAN, LAN_IPV6]), unique=True).map(tuple))
        ),
        firewall=draw(
            reading(
                st.dictionaries(
                    st.sampled_from(ADDRESSES),
                    st.builds(FirewallAnswer, st.sampled_from(FirewallVerdict), st.just("So.")),
                )
            )
        ),
        replies=draw(
            reading(
                st.lists(
                    st.builds(
                        ServerReply,
                        st.sampled_from(ADDRESSES),
                        st.sampled_from(ReplyKind),
                        st.sampled_from(["", "http", "tls", "ssh"]),
                        st.binary(max_size=8),
                        st.sampled_from([None, True, False]),
                    ),
                    max_size=2,
                ).map(tuple)
            )
        ),
        wsl_mode=draw(reading(st.sampled_from(["nat", "mirrored"]))),
        free_port=draw(reading(st.just(8081))),
    )
    owners = {
        process(pid=pid).key: OwnerFacts(draw(st.sampled_from(Execution)), draw(st.booleans()))
        for pid in (1, 4, 4242)
    }
    return replace(some, owners=known(owners), me=Self("dev", is_elevated=draw(st.booleans())))


@given(machines())
def test_every_answer_is_whole(some: Facts) -> None:
    answer = diagnose(some)
    json.dumps(answer_document(answer))
    assert answer.sentence
    assert all(line.isprintable() or not line for line in text_report(answer))
    assert markdown_report(answer)
    order = ["proved", "likely", "possible"]
    certainties = [order.index(one.certainty) for one in answer.causes]
    assert certainties == sorted(certainties)
    assert answer.outcome in {0, 1, 3}


@given(machines())
def test_no_answer_contradicts_itself(some: Facts) -> None:
    answer = diagnose(some)
    named = {(one.code, one.side) for one in answer.causes}
    assert not named & {(one.code, one.side) for one in answer.ruled_out}
    assert not named & {(one.code, one.side) for one in answer.cannot_tell}
    if isinstance(some.sockets.fact, Unreadable):
        assert answer.can_be_reached == "unknown"
    if answer.can_bind == "yes" and not answer.causes and some.port:
        assert answer.outcome == 0


@given(machines())
def test_proof_on_the_bind_needs_a_refusal_or_a_rule(some: Facts) -> None:
    answer = diagnose(some)
    proofs = {one.code for one in answer.causes if one.side == "bind" and one.certainty == "proved"}
    if answer.can_bind == "yes":
        assert proofs <= {"nat_shadow", "port_exhaustion", "descriptor_limit"}


def test_hidden_names_are_left_out_the_longest_first() -> None:
    text = without("dev of dev-box runs it", ("dev", "dev-box", ""))
    assert text == "*** of *** runs it"


def test_a_value_is_never_taken_for_proved_absence() -> None:
    unread = Reading(Unreadable("denied"), "a test")
    some = facts(sockets=unread, binds=binds(98, 98))
    assert diagnose(some).causes == ()
    assert isinstance(some.sockets.fact, Unreadable)
    assert not isinstance(some.sockets.fact, Known)
