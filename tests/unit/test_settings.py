"""What is remembered, and what happens to a file that is damaged, unreadable or unwritable."""

from __future__ import annotations

import json
import os
import stat
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portview.domain.errors import PortViewError
from portview.files import write_whole
from portview.preferences import NAMES, Preferences, read_preferences
from portview.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path


def test_values_are_there_at_the_next_start(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "settings.json"
    settings = Settings(path)
    settings.set("interval_ms", 2000)
    settings.set("name", "\ud800 \u4e2d\u6587")
    assert settings.save()
    again = Settings(path)
    assert again.get("interval_ms", int, 0) == 2000
    assert again.get("name", str, "") == "\ud800 \u4e2d\u6587"
    assert again.set_aside is None


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[1]", b"\xff\xfe", b"null", b'{"a":' * 100_000, b'{"a": 1}x']
)
def test_a_damaged_file_is_set_aside_whole_and_the_defaults_are_used(
    tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "settings.json"
    path.write_bytes(content)
    settings = Settings(path)
    assert settings.get("interval_ms", int, 1000) == 1000
    assert settings.set_aside is not None
    assert settings.set_aside.read_bytes() == content
    assert not path.exists()
    settings.set("interval_ms", 500)
    assert settings.save()
    assert json.loads(path.read_text()) == {"interval_ms": 500}


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
GOOD = {
    "language": "zh_CN",
    "notifications": False,
    "reduce_motion": True,
    "digits_ask": False,
    "log_format": "json",
    "log_level": "debug",
    "hints": False,
    "hints_done": ["port"],
    "version_seen": "0.1.0",
    "update_notice": True,
    "update_asked_at": 1_700_000_000,
    "history": False,
    "history_days": 30,
    "history_mb": 500,
    "history_peers": True,
    "scope": "udp",
    "interval_ms": 500,
    "linger_ms": 0,
    "theme": "dark",
    "window": "AA==",
    "tray": True,
    "close_to_tray": False,
    "views": [{}],
    "columns": {"udp": [["port", 80]]},
    "time_wait": True,
    "sort_column": "pid",
    "sort_descending": True,
    "details_open": False,
    "details_height": 200,
    "grouped": True,
    "by_count": True,
    "by_project": True,
}


def test_every_preference_is_kept_from_one_start_to_the_next(tmp_path: Path) -> None:
    assert set(GOOD) == NAMES
    settings = Settings(tmp_path / "settings.json")
    settings.update(**GOOD)
    settings.save()
    again = Settings(tmp_path / "settings.json").preferences
    for name, value in GOOD.items():
        kept = getattr(again, name)
        assert (list(kept) if isinstance(kept, tuple) else kept) == value
        assert kept != getattr(Preferences(), name)


@given(st.sampled_from(sorted(NAMES)), JSON_VALUES)
def test_a_damaged_preference_falls_back_alone(name: str, value: object) -> None:
    read = read_preferences({**GOOD, name: value})
    for other, good in GOOD.items():
        kept = getattr(read, other)
        kept = list(kept) if isinstance(kept, tuple) else kept
        if other != name:
            assert kept == good
        elif kept != value or type(kept) is not type(value):
            # Not taken: then it is the default, never something in between.
            assert getattr(read, other) == getattr(Preferences(), other)


def test_a_preference_that_does_not_exist_is_a_mistake_of_the_program(tmp_path: Path) -> None:
    with pytest.raises(KeyError, match="scopes"):
        Settings(tmp_path / "settings.json").update(scopes="all")


@pytest.mark.parametrize(
    ("value", "kind", "expected"),
    [
        ("text", int, 7),
        (True, int, 7),
        (1, bool, 7),
        (3, float, 3.0),
        (None, str, 7),
        ([1], list, [1]),
    ],
)
def test_a_value_of_another_kind_counts_as_missing(
    tmp_path: Path, value: object, kind: type, expected: object
) -> None:
    path = tmp_path / "settings.json"
    path.write_text(json.dumps({"x": value}))
    assert Settings(path).get("x", kind, 7) == expected


def test_a_file_that_cannot_be_read_stays_where_it_is(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    path.mkdir()
    settings = Settings(path)
    assert settings.get("x", int, 1) == 1
    assert path.is_dir()
    settings.set("x", 2)
    assert not settings.save()


def test_writing_leaves_the_old_file_when_it_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file.csv"
    path.write_bytes(b"old")

    def full_disk(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full_disk)
    with pytest.raises(PortViewError, match="No space left") as told:
        write_whole(path, b"new")
    assert told.value.hint
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["file.csv"]  # noqa: PTH208 - hidden left-overs count too


@pytest.mark.linux_only(reason="a device that is a file of the file system")
@pytest.mark.root_only(reason="only root can make a device, and only root could replace one")
def test_a_device_is_never_replaced(tmp_path: Path) -> None:
    device = tmp_path / "null"
    os.mknod(device, 0o666 | stat.S_IFCHR, os.makedev(1, 3))
    settings = Settings(device)
    settings.set("x", 1)
    assert not settings.save()
    assert settings.set_aside is None
    with pytest.raises(PortViewError, match="it is no file"):
        write_whole(device, b"x")
    assert device.is_char_device()


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(PortViewError, match="could not be written"):
        write_whole(tmp_path / "nowhere" / "file.csv", b"x")


@given(st.binary(max_size=100))
def test_what_is_written_is_what_is_read(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    path = tmp_path_factory.mktemp("whole") / "file"
    write_whole(path, data)
    assert path.read_bytes() == data


def test_who_listens_hears_what_has_another_value_now(tmp_path: Path) -> None:
    settings = Settings(tmp_path / "settings.json")
    heard: list[frozenset[str]] = []
    end = settings.listen(heard.append)
    settings.update(theme="dark", scope="udp")
    settings.update(theme="dark", scope="all")
    settings.update(theme="purple")  # which is none: the default holds
    settings.update(theme="system")
    end()
    end()
    settings.update(theme="light")
    assert heard == [{"theme", "scope"}, {"scope"}, {"theme"}]
