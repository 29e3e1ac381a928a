"""The parts of the smoke test that need no Windows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from windows_program.smoke.findings import SmokeError, expect, wait_for
from windows_program.smoke.licence_texts import expect_texts, shipped_packages
from windows_program.smoke.traces import Traces
from windows_program.smoke.window import expect_no_errors, expect_plot

if TYPE_CHECKING:
    from pathlib import Path


def test_only_what_is_new_is_left_behind() -> None:
    before = Traces(frozenset({"a", "b"}), frozenset({"HKCU\\k"}))
    after = Traces(frozenset({"b", "c"}), frozenset({"HKCU\\k", "HKCU\\k : v"}))
    assert after.beyond(before) == ["HKCU\\k : v", "c"]
    assert before.beyond(before) == []


def test_what_is_expected_and_missing_ends_the_test() -> None:
    expect(1, "fine")
    with pytest.raises(SmokeError, match="two rows"):
        expect([], "two rows")


def test_waiting_gives_what_was_seen_and_gives_up() -> None:
    answers = iter([None, None, "seen"])
    assert wait_for("it", lambda: next(answers), 60) == "seen"
    with pytest.raises(SmokeError, match="it did not come about within 0 s"):
        wait_for("it", lambda: None, 0)


@pytest.mark.parametrize("level", ["WARNING", "ERROR", "CRITICAL"])
def test_anything_worse_than_information_in_the_log_is_found(tmp_path: Path, level: str) -> None:
    log = tmp_path / "portview.log"
    expect_no_errors(log)
    log.write_text("2031-01-01 00:00:00,000 7 INFO portview: fine\n", "utf-8")
    expect_no_errors(log)
    log.write_text(f"2031-01-01 00:00:00,000 7 {level} portview: an INFO that is none\n", "utf-8")
    with pytest.raises(SmokeError, match=level):
        expect_no_errors(log)


def test_a_plot_with_a_line_is_fine() -> None:
    expect_plot({"plot": {"picture": "C:\\x\\window-plot.png", "lines": {"Sockets": 2}}})


@pytest.mark.parametrize(
    ("plot", "complaint"),
    [
        (None, "shows no plot"),
        ({"picture": "p.png", "lines": {}}, "no lines"),
        ({"picture": "p.png", "lines": {"Down": 2, "Up": 1}}, 'the line "Up" .* has 1 points'),
    ],
)
def test_a_plot_that_is_missing_or_empty_ends_the_test(plot: object, complaint: str) -> None:
    with pytest.raises(SmokeError, match=complaint):
        expect_plot({"plot": plot})


def licences(folder: Path, **sizes: int) -> Path:
    """Make a folder with a text for each part, of so many bytes, and a notice that lists all."""
    for name, size in sizes.items():
        (folder / name).mkdir()
        (folder / name / "LICENSE").write_bytes(b"x" * size)
    notice = "".join(f"{name} 1.0: MIT\n" for name in sizes)
    (folder / "NOTICE.txt").write_text(f"PortView is under another: see there.\n\n{notice}")
    return folder


def test_every_part_that_is_shipped_needs_a_text(tmp_path: Path) -> None:
    place = licences(tmp_path, left=5, right=5)
    assert expect_texts(place, ["left"]) == 2
    with pytest.raises(SmokeError, match=r"no licence text of: stray$"):
        expect_texts(place, ["left", "stray"])


def test_a_part_that_the_notice_lists_needs_a_text_that_is_not_empty(tmp_path: Path) -> None:
    place = licences(tmp_path, left=5, right=0)
    with pytest.raises(SmokeError, match="no licence text of: right"):
        expect_texts(place, [])


def test_texts_without_a_notice_are_not_enough(tmp_path: Path) -> None:
    place = licences(tmp_path, left=5)
    (place / "NOTICE.txt").unlink()
    with pytest.raises(SmokeError, match=r"NOTICE\.txt is missing"):
        expect_texts(place, [])


def test_packages_are_known_by_the_modules_that_they_bring(tmp_path: Path) -> None:
    (tmp_path / "PySide6").mkdir()
    (tmp_path / "_cffi_backend.cp311-win_amd64.pyd").touch()
    (tmp_path / "python311.dll").touch()
    owners = {"PySide6": ["PySide6_Essentials"], "_cffi_backend": ["cffi"], "other": ["other"]}
    assert shipped_packages(tmp_path, owners) == ["cffi", "pyside6-essentials"]
