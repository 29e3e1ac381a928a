"""Who may bind beside whom, as Microsoft's page has it, here and on Windows itself."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from portview.selftest.bind_matrix import DOCUMENTED, KINDS, bind_matrix, differences
from portview.selftest.system import is_wine
from tests.fakes.winsock import FakeWinsock, documented_code

RECORDED = Path(__file__).parents[2] / "recorded"


def test_the_stand_in_answers_as_the_page_does() -> None:
    matrix = bind_matrix(FakeWinsock().socket, "win32")
    assert matrix == DOCUMENTED
    assert differences(matrix) == []


@pytest.mark.parametrize("first", KINDS)
@pytest.mark.parametrize("second", KINDS)
def test_the_table_is_written_down_the_same_twice(first: str, second: str) -> None:
    assert DOCUMENTED[first][second] == documented_code(first, second)


def test_a_machine_that_differs_is_told_by_cell() -> None:
    matrix = {first: dict(row) for first, row in DOCUMENTED.items()}
    matrix["default any"]["reuse one"] = 10013
    assert differences(matrix) == ["default any, then reuse one: 10013, documented 0"]


@pytest.mark.windows_only(reason="it is Winsock that binds")
def test_this_windows_binds_as_the_page_says() -> None:
    matrix = bind_matrix()
    if is_wine():
        # Wine differs in one row; what it answers is on record, so that a change is seen.
        assert matrix == recorded_matrix("wine")
        assert {cell.partition(",")[0] for cell in differences(matrix)} == {"exclusive any"}
        return
    assert differences(matrix) == []


@pytest.mark.linux_only(reason="it is Linux that binds")
def test_this_linux_binds_as_the_recorded_one() -> None:
    assert bind_matrix() == recorded_matrix("linux")


def test_other_systems_have_no_exclusive_use() -> None:
    if sys.platform != "win32":
        assert not [kind for kind in bind_matrix() if kind.startswith("exclusive")]


def recorded_matrix(name: str) -> dict[str, dict[str, int]]:
    record = json.loads((RECORDED / f"{name}.json").read_text("utf-8"))
    matrix: dict[str, dict[str, int]] = record["sections"]["bind_matrix"]["data"]["matrix"]
    return matrix
