"""A process of which it can't be read whether it is still there is neither gone nor another one."""

from __future__ import annotations

import os

import pytest

from portview.actions.process_handles import handle
from portview.domain.errors import Outcome, PortViewError
from portview.domain.owners.process import FieldProblem, ProcessKey
from portview.readers import process_identity
from portview.readers.process_identity import has_ended, process_key

KEY = ProcessKey(os.getpid(), 10)


def test_an_end_is_proved_by_a_free_number_or_by_another_process() -> None:
    own = process_key(os.getpid())
    assert isinstance(own, ProcessKey)
    assert not has_ended(own)
    assert has_ended(KEY), "this process began at another time"
    assert has_ended(ProcessKey(2**22 + 3, 10))


@pytest.mark.parametrize("problem", FieldProblem)
def test_what_can_not_be_read_proves_no_end(
    monkeypatch: pytest.MonkeyPatch, problem: FieldProblem
) -> None:
    monkeypatch.setattr(process_identity, "process_key", lambda _pid: problem)
    assert has_ended(KEY) is (problem is FieldProblem.PROCESS_GONE)


@pytest.mark.parametrize(
    ("now", "code"),
    [
        (FieldProblem.PROCESS_GONE, "process_gone"),
        (FieldProblem.ACCESS_DENIED, "identity_unreadable"),
        (FieldProblem.UNAVAILABLE, "identity_unreadable"),
        (ProcessKey(KEY.pid, 11), "pid_reused"),
        (KEY, None),
    ],
)
def test_each_answer_has_an_error_of_its_own(
    monkeypatch: pytest.MonkeyPatch, now: ProcessKey | FieldProblem, code: str | None
) -> None:
    monkeypatch.setattr(handle, "process_key", lambda _pid: now)
    if code is None:
        handle.check_identity(KEY)
        return
    with pytest.raises(PortViewError) as refused:
        handle.check_identity(KEY)
    assert refused.value.code == code
    needs_admin = refused.value.outcome is Outcome.NEEDS_ADMIN
    assert needs_admin is (code == "identity_unreadable")
