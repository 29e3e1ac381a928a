"""What ``stream`` prints of a machine becomes the same rows again, and lies become nothing."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import hypothesis.strategies as st
import pytest
from hypothesis import given

from portview.cli.stream_command import SocketStream
from portview.domain.json_schema import socket_object
from portview.domain.sockets.scope import Scope
from portview.domain.sockets.snapshot import Snapshot
from portview.hosts.remote_sockets import BadDocumentError, RemoteSockets
from tests.strategies import infos, rows

if TYPE_CHECKING:
    from portview.domain.owners.process import ProcessInfo
    from portview.domain.sockets.socket_row import SocketRow

KNOWN = st.lists(st.tuples(rows(), infos), max_size=6, unique_by=lambda pair: pair[0].key)


def snapshot_of(pairs: list[tuple[SocketRow, ProcessInfo]]) -> Snapshot:
    processes = {
        row.owner: replace(info, key=row.owner) for row, info in pairs if row.owner is not None
    }
    taken_at_ms = 1_700_000_000_000
    return Snapshot(tuple(row for row, _info in pairs), processes, taken_at_ms, "test")


def shown(snapshot: Snapshot) -> list[str]:
    """Return what a reader of JSON can tell about the sockets, whatever their order."""
    objects = [
        socket_object(row, snapshot.processes.get(row.owner) if row.owner else None)
        for row in snapshot.rows
    ]
    return sorted(json.dumps(one, sort_keys=True) for one in objects)


@given(st.lists(KNOWN, min_size=1, max_size=4))
def test_a_stream_adds_up_to_what_was_seen(
    steps: list[list[tuple[SocketRow, ProcessInfo]]],
) -> None:
    stream, remote = SocketStream(Scope.ALL), RemoteSockets()
    for pairs in steps:
        seen = snapshot_of(pairs)
        for document in stream.take(seen):
            taken = remote.take(json.loads(json.dumps(document)))
        assert len(taken.rows) == len(seen.rows)
        assert len({row.key for row in taken.rows}) == len(taken.rows)
        assert [(row.local.port, row.state) for row in sorted(taken.rows, key=str)] or not seen.rows


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=10,
)
GOOD = {
    "id": 1, "protocol": "tcp", "family": "ipv6", "local_address": "::", "local_port": 80,
    "remote_address": None, "remote_port": None, "state": "LISTEN", "pid": 5, "process": "web",
    "executable": "/web", "command_line": ["web"], "user": "dev", "services": [],
    "process_started": "2026-01-02T03:04:05.678Z", "opened_at": None, "owner_problem": None,
    "what": "a server", "project": "shop", "container": None, "started_by": [],
}  # fmt: skip
FIRST = {"type": "snapshot", "taken_at": "2026-01-02T03:04:06.000Z", "source": "x"}


def test_a_socket_is_read_whole() -> None:
    snapshot = RemoteSockets().take({**FIRST, "sockets": [GOOD]})
    [row] = snapshot.rows
    assert (row.local.port, row.pid, row.user) == (80, 5, "dev")
    assert row.owner is not None
    info = snapshot.processes[row.owner]
    assert (info.name, info.executable, info.command_line) == ("web", "/web", ("web",))
    assert info.identity is not None
    assert (info.identity.what, info.identity.project) == ("a server", "shop")
    assert shown(snapshot)[0].count("2026-01-02T03:04:05.678Z") == 1


@given(st.sampled_from(sorted(GOOD)), VALUES)
def test_any_value_is_read_or_refused(key: str, value: object) -> None:
    try:
        RemoteSockets().take({**FIRST, "sockets": [{**GOOD, key: value}]})
    except BadDocumentError:
        return


@given(VALUES)
def test_any_document_is_read_or_refused(document: object) -> None:
    with pytest.raises(BadDocumentError):
        RemoteSockets().take(document)


@pytest.mark.parametrize(
    "documents",
    [
        [{"type": "changes", "taken_at": None, "removed": [], "changed": [], "added": []}],
        [{**FIRST, "sockets": []}, {**FIRST, "sockets": []}],
        [{**FIRST, "sockets": [GOOD, GOOD]}],
        [{**FIRST, "sockets": []}, {"type": "changes", "removed": [7], "changed": [], "added": []}],
        [{**FIRST, "sockets": []},
         {"type": "changes", "removed": [], "changed": [GOOD], "added": []}],
    ],
)  # fmt: skip
def test_documents_that_do_not_follow_are_refused(documents: list[object]) -> None:
    remote = RemoteSockets()
    for document in documents[:-1]:
        remote.take(document)
    with pytest.raises(BadDocumentError):
        remote.take(documents[-1])
