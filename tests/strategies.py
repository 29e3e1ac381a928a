"""Sockets, owners and queries for property tests: few addresses and many odd texts."""

from __future__ import annotations

from hypothesis import strategies as st

from portview.domain.owners.process import FieldProblem, ProcessInfo, ProcessKey
from portview.domain.query.terms import (
    Address,
    And,
    AnyText,
    Everything,
    InState,
    Key,
    Not,
    Numbers,
    Or,
    Over,
    Part,
    Place,
    Query,
    Span,
    Transport,
)
from portview.domain.sockets.entry import SocketEntry
from portview.domain.sockets.socket_row import (
    Endpoint,
    Family,
    OwnerProblem,
    Protocol,
    SocketKey,
    SocketRow,
    State,
)

# Surrogates, separators, quotes, signs, case that folds to two letters, and words that rows have.
odd_texts = st.text(
    st.sampled_from('aB ß:"\\,()-!\0\n\t1İ\ud800\u202e=|<&é漢😀') | st.characters(), max_size=6
)
words = st.sampled_from(["svchost.exe", "node", "a b", "OR", "tcp", "listen", "80", "::1", "10."])
texts = words | odd_texts
some_texts = texts.filter(bool)

addresses = st.sampled_from(
    [
        "0.0.0.0",  # noqa: S104 - data
        "127.0.0.1",
        "10.0.0.1",
        "10.0.0.10",
        "192.168.1.7",
        "::",
        "::1",
        "fe80::1%3",
        "fe80::1",
        "::ffff:127.0.0.1",
        "2001:db8::80",
    ]
)
ports = st.sampled_from([0, 1, 80, 443, 8080, 65535]) | st.integers(0, 65535)
endpoints = st.builds(Endpoint, addresses, ports)
process_keys = st.builds(ProcessKey, st.integers(0, 5), st.integers(0, 2))
infos = st.builds(
    ProcessInfo,
    process_keys,
    name=st.none() | texts,
    executable=st.none() | texts,
    command_line=st.none() | st.lists(texts, max_size=2).map(tuple),
    user=st.none() | texts,
    problems=st.just({"name": FieldProblem.ACCESS_DENIED}),
)


@st.composite
def rows(draw: st.DrawFn, local_ports: st.SearchStrategy[int] = ports) -> SocketRow:
    """Return any socket row."""
    local = Endpoint(draw(addresses), draw(local_ports))
    protocol = draw(st.sampled_from(Protocol))
    owner = draw(st.none() | process_keys)
    key = SocketKey(
        protocol,
        Family.IPV6 if ":" in local.address else Family.IPV4,
        local,
        draw(st.none() | endpoints),
        owner,
        draw(st.integers(0, 2)),
    )
    return SocketRow(
        key,
        draw(st.sampled_from(State)) if protocol is Protocol.TCP else None,
        owner.pid if owner else draw(st.none() | st.integers(0, 5)),
        None if owner else draw(st.none() | st.sampled_from(OwnerProblem)),
        draw(st.none() | texts),
        tuple(draw(st.lists(texts, max_size=2))),
        draw(st.none() | st.integers(0, 4_000_000_000_000)),
    )


entries = st.builds(SocketEntry, rows(), st.none() | infos, texts, st.integers(0, 2))

spans = st.tuples(ports, ports).map(lambda pair: Span(min(pair), max(pair)))
places = st.builds(
    Place,
    st.sampled_from(
        ["10.0.0.1", "10.0.0.0/8", "10.0", "1", "127", "localhost", "::1", "fe80::", "fe80::1%3"]
    )
    | st.sampled_from(["::/0", "fe80::/10", "fe80:", "f", "1:2", "2001:db8::80"]),
    st.none() | spans,
)


def _several(values: st.SearchStrategy[object]) -> st.SearchStrategy[tuple[object, ...]]:
    return st.lists(values, min_size=1, max_size=3, unique=True).map(tuple)


terms: st.SearchStrategy[Query] = st.one_of(
    st.builds(AnyText, some_texts),
    st.builds(Numbers, st.sampled_from([Key.PORT, Key.RPORT, Key.PID]), _several(spans)),
    st.builds(
        Part,
        st.sampled_from([Key.PROC, Key.USER, Key.SERVICE, Key.NAME, Key.EXE, Key.CMD]),
        _several(some_texts),
    ),
    st.builds(Address, st.sampled_from([Key.ADDR, Key.LOCAL, Key.REMOTE]), _several(places)),
    st.builds(InState, _several(st.sampled_from(State))),
    st.builds(
        Over,
        _several(
            st.builds(Transport, st.sampled_from(Protocol), st.none() | st.sampled_from(Family))
        ),
    ),
)


def _grown(parts: st.SearchStrategy[Query]) -> st.SearchStrategy[Query]:
    some = st.lists(parts, min_size=2, max_size=3).map(tuple)
    return st.builds(Not, parts) | st.builds(And, some) | st.builds(Or, some)


queries: st.SearchStrategy[Query] = st.just(Everything()) | st.recursive(
    terms, _grown, max_leaves=8
)
