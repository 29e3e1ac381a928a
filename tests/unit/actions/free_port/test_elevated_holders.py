"""What an administrator saw fills in owners that are not known, and changes no others."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from portview.actions.free_port.elevated_holders import NOTHING_READ, HeldSocket, with_owners
from portview.domain.owners.process import ProcessKey
from portview.domain.sockets.socket_row import (
    Endpoint,
    Family,
    OwnerProblem,
    Protocol,
    SocketKey,
    SocketRow,
    State,
)

KEYS = st.builds(ProcessKey, st.integers(1, 9), st.integers(1, 3))
SOCKETS = st.builds(
    SocketKey,
    st.sampled_from(Protocol),
    st.just(Family.IPV4),
    st.builds(Endpoint, st.sampled_from(["127.0.0.1", "10.0.0.7"]), st.sampled_from([80, 81])),
    st.none(),
    st.none(),
    st.integers(0, 2),
)


def row(socket: SocketKey, owner: ProcessKey | None) -> SocketRow:
    problem = None if owner else OwnerProblem.ACCESS_DENIED
    key = socket._replace(owner=owner)
    return SocketRow(key, State.LISTEN, owner.pid if owner else None, problem)


@given(
    st.lists(st.builds(row, SOCKETS, st.one_of(st.none(), KEYS)), max_size=8),
    st.lists(st.builds(HeldSocket, SOCKETS, KEYS, st.just(NOTHING_READ)), max_size=8, unique=True),
)
def test_only_unknown_owners_are_filled_in(rows: list[SocketRow], held: list[HeldSocket]) -> None:
    filled = with_owners(rows, held)
    told = {each.socket: {h.owner for h in held if h.socket == each.socket} for each in held}
    expected = set()
    for one in rows:
        owners = told.get(one.key, set()) if one.owner is None else set()
        expected |= {
            one._replace(key=one.key._replace(owner=owner), pid=owner.pid, owner_problem=None)
            for owner in owners
        } or {one}
    assert set(filled) == expected
    assert len(filled) == len(expected)
