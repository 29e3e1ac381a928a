"""Texts of a column are in the order of the system's language, and in one order at all times."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portview.domain.table.collation import order_of

DEFINITIONS = Path("/usr/share/i18n/locales/zh_CN")
CHINESE = ["中", "安", "北", "上"]
BY_READING = ["安", "北", "上", "中"]  # an, bei, shang, zhong
PROGRAM = """
import sys
from portview.domain.table.collation import order_of, use_order_of_system
use_order_of_system()
print("".join(sorted(sys.argv[1], key=order_of)))
"""


@given(st.lists(st.text()))
def test_any_text_has_a_place(texts: list[str]) -> None:
    ordered = sorted(texts, key=order_of)
    assert [order_of(text) for text in ordered] == sorted(map(order_of, texts))
    assert all(bool(order_of(text)) == bool(text) for text in texts)


@pytest.mark.linux_only("localedef makes a language to sort by")
def test_chinese_is_sorted_by_its_readings(tmp_path: Path) -> None:
    localedef = shutil.which("localedef")
    if localedef is None or not DEFINITIONS.exists():
        pytest.skip("needs the package locales, to make the Chinese one from")
    made = tmp_path / "zh_CN.UTF-8"
    subprocess.run([localedef, "-i", "zh_CN", "-f", "UTF-8", str(made)], check=True)
    environment = {**os.environ, "LOCPATH": str(tmp_path), "LC_ALL": "zh_CN.UTF-8"}
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM, "".join(CHINESE)],
        env={**environment, "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=True,
    )
    assert ended.stdout.strip() == "".join(BY_READING)


def test_a_language_that_is_missing_changes_nothing(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM, "ba"],
        env={**os.environ, "LOCPATH": str(tmp_path), "LC_ALL": "xx_XX.UTF-8"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert ended.stdout.strip() == "ab"
