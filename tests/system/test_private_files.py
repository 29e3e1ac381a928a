"""Log, record and settings: never through a link, never a FIFO, never another user's file."""

from __future__ import annotations

import json
import os
import socket
import stat
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from portview.log import log_path
from portview.private_files import UnsafeFileError, make_folder, open_to_append, read_whole
from tests.other_user import NOBODY, as_nobody, folder_for_all

if TYPE_CHECKING:
    from collections.abc import Iterator

posix = pytest.mark.linux_only(reason="links, FIFOs and owners as POSIX has them")
as_root = pytest.mark.root_only(reason="gives files to another user")

KEEP = """
import logging, sys
from portview.actions.confirmation.history import keep_record, read_records
from portview.domain.errors import ActionReport, Outcome
from portview.entry import start_logging
from portview.settings import Settings, settings_path
start_logging()
logging.getLogger("test").warning("a line")
keep_record(ActionReport(Outcome.DONE, "asked", "done", "now"))
read_records()
settings = Settings(settings_path())
settings.set("key", 1)
settings.save()
"""
NAMES = ("portview.log", "actions.jsonl", "settings.json")


@pytest.fixture(autouse=True)
def own_log(own_folders: None) -> Iterator[None]:
    log_path.cache_clear()
    yield
    log_path.cache_clear()


def keep(**variables: str) -> None:
    """Log, record and save settings in a process of its own, which must come to an end."""
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("PORTVIEW_")
    }
    done = subprocess.run(
        [sys.executable, "-c", KEEP],
        check=False,
        capture_output=True,
        text=True,
        env={**environment, **variables},
        timeout=30,
    )
    assert done.returncode == 0, done.stderr


def write(path: Path, text: str = "x") -> None:
    with os.fdopen(open_to_append(path), "w") as file:
        file.write(text)


def test_a_file_is_made_for_this_user_alone_and_appended_to(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write(path)
    write(path, "y")
    assert path.read_text("ascii") == "xy"
    assert read_whole(path) == b"xy"
    if sys.platform != "win32":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_file_with_a_second_name_is_refused(tmp_path: Path) -> None:
    path, other = tmp_path / "file", tmp_path / "other"
    other.write_bytes(b"")
    path.hardlink_to(other)
    with pytest.raises(OSError, match="another name"):
        open_to_append(path)
    assert other.read_bytes() == b""


@posix
def test_what_is_no_plain_file_is_refused_at_once(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_bytes(b"")
    path = tmp_path / "file"
    path.symlink_to(target)
    with pytest.raises(OSError, match="symbolic link"):
        open_to_append(path)
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(OSError, match="file"):
        open_to_append(path)
    # Somebody waits at its other end.
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    with pytest.raises(UnsafeFileError, match="not a regular file"):
        open_to_append(path)
    os.close(reader)
    with pytest.raises(UnsafeFileError, match="not a regular file"):
        read_whole(path)
    path.unlink()
    with socket.socket(socket.AF_UNIX) as server:
        os.chdir(tmp_path)
        server.bind("file")
        with pytest.raises(OSError, match="file"):
            open_to_append(path)
    assert target.read_bytes() == b""


@posix
@as_root
def test_another_users_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.touch()
    os.chown(path, NOBODY, NOBODY)
    for opens in (open_to_append, read_whole):
        with pytest.raises(UnsafeFileError, match="belongs to another user"):
            opens(path)


@posix
@as_root
@pytest.mark.parametrize("shape", ["owned", "link", "shared", "owned above"])
def test_root_writes_into_no_folder_that_others_can_exchange(tmp_path: Path, shape: str) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    inner = folder / "inner"
    inner.mkdir()
    if shape == "owned":
        os.chown(inner, NOBODY, NOBODY)
    elif shape == "owned above":
        os.chown(folder, NOBODY, NOBODY)
    elif shape == "shared":
        folder.chmod(0o777)
    else:
        inner.rmdir()
        inner.symlink_to(tmp_path)
        os.lchown(inner, NOBODY, NOBODY)
    for attempt in (
        lambda: open_to_append(inner / "file"),
        lambda: make_folder(inner / "new"),
    ):
        with pytest.raises(UnsafeFileError, match="PortView runs as root"):
            attempt()
    assert [path.name for path in tmp_path.rglob("*")] == ["folder", "inner"]
    # A sticky folder is shared in safety, as /tmp is.
    if shape == "shared":
        folder.chmod(0o1777)
        write(inner / "file")


@posix
@pytest.mark.parametrize("kind", ["link", "fifo", "socket"])
def test_nothing_that_is_planted_is_followed_or_waited_for(tmp_path: Path, kind: str) -> None:
    folder, victim = tmp_path / "folder", tmp_path / "victim"
    folder.mkdir()
    victim.write_bytes(b"untouched")
    servers = []
    for name in NAMES:
        if kind == "link":
            (folder / name).symlink_to(victim)
        elif kind == "fifo":
            os.mkfifo(folder / name)
        else:
            servers.append(socket.socket(socket.AF_UNIX))
            os.chdir(folder)
            servers[-1].bind(name)
    keep(PORTVIEW_CONFIG_DIR=str(folder), PORTVIEW_LOG_DIR=str(folder))
    for server in servers:
        server.close()
    assert victim.read_bytes() == b"untouched"


@posix
@as_root
def test_root_with_another_users_home_writes_nothing_there(tmp_path: Path) -> None:
    home = tmp_path / "home"
    for name in (".config/autostart", ".local/state"):
        (home / name).mkdir(parents=True)
    for folder in (home, *home.rglob("*")):
        os.chown(folder, NOBODY, NOBODY)
    before = sorted(home.rglob("*"))
    roots = tmp_path / "root"
    code = (
        f"import pwd\nclass Root:\n    pw_dir = {str(roots)!r}\npwd.getpwuid = lambda uid: Root\n"
    )
    environment = {name: value for name, value in os.environ.items() if "PORTVIEW" not in name}
    environment = {name: value for name, value in environment.items() if "XDG" not in name}
    subprocess.run(
        [sys.executable, "-c", code + KEEP],
        check=True,
        env={**environment, "HOME": str(home)},
        timeout=30,
    )
    assert sorted(home.rglob("*")) == before
    assert (roots / ".config/PortView/settings.json").is_file()
    assert {path.name for path in (roots / ".local/state/PortView/log").iterdir()} == {
        "portview.log",
        "actions.jsonl",
    }


@posix
@as_root
def test_root_leaves_a_named_folder_of_another_user_alone(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    os.chown(folder, NOBODY, NOBODY)
    keep(PORTVIEW_CONFIG_DIR=str(folder), PORTVIEW_LOG_DIR=str(folder))
    assert not list(folder.iterdir())


@pytest.fixture
def open_folder() -> Iterator[Path]:
    with folder_for_all() as folder:
        yield folder


@posix
@as_root
def test_another_user_keeps_all_in_a_folder_of_its_own(open_folder: Path) -> None:
    """What root refuses is no business of a user: a folder may be a link, or shared by a group."""
    real = open_folder / "real"
    real.mkdir()
    os.chown(real, NOBODY, NOBODY)
    real.chmod(0o775)
    link = open_folder / "link"
    link.symlink_to(real)
    done = subprocess.run(
        [*as_nobody(), sys.executable, "-c", KEEP],
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, "PORTVIEW_CONFIG_DIR": str(link), "PORTVIEW_LOG_DIR": str(link)},
        cwd=Path(__file__).parents[2],
        timeout=30,
    )
    assert done.returncode == 0, done.stderr
    assert {path.name for path in real.iterdir()} == set(NAMES)
    assert json.loads((real / "settings.json").read_bytes()) == {"key": 1}
