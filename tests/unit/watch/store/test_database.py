"""The store is created, migrated, set aside when damaged, and never half-written."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from portview.domain.errors import PortViewError
from portview.watch.store.database import Schema, is_disk_full, open_store, transaction
from portview.watch.store.incident_store import IncidentStore

if TYPE_CHECKING:
    from pathlib import Path

FIRST = Schema(
    "shop", ("CREATE TABLE goods (name TEXT); CREATE UNIQUE INDEX by_name ON goods (name);",)
)
SECOND = Schema(
    "shop", (*FIRST.scripts, "ALTER TABLE goods ADD COLUMN price INTEGER NOT NULL DEFAULT 7;")
)
BROKEN = Schema("shop", (*FIRST.scripts, "ALTER TABLE goods ADD COLUMN x; CREATE NONSENSE;"))
OTHER = Schema("till", ("CREATE TABLE coins (value INTEGER);",))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "store.sqlite3"


def goods(path: Path, schema: Schema) -> list[tuple[object, ...]]:
    with closing(open_store(path, [schema])) as store:
        return store.execute("SELECT * FROM goods").fetchall()


def sell(path: Path, schema: Schema, name: str) -> None:
    with closing(open_store(path, [schema])) as store, transaction(store):
        store.execute("INSERT INTO goods (name) VALUES (?)", (name,))


def test_each_part_is_brought_up_to_date_and_keeps_its_rows(path: Path) -> None:
    sell(path, FIRST, "apple")
    assert goods(path, SECOND) == [("apple", 7)]
    with closing(open_store(path, [SECOND, OTHER])) as store:
        assert store.execute("SELECT count(*) FROM coins").fetchone() == (0,)
        assert store.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_a_migration_that_fails_changes_nothing(path: Path) -> None:
    sell(path, FIRST, "apple")
    with pytest.raises(PortViewError) as refused:
        open_store(path, [BROKEN])
    assert refused.value.code == "store_unusable"
    assert goods(path, FIRST) == [("apple",)]


def test_what_a_newer_version_wrote_is_left_alone(path: Path) -> None:
    sell(path, SECOND, "apple")
    before = path.read_bytes()
    with pytest.raises(PortViewError) as refused:
        open_store(path, [FIRST])
    assert refused.value.code == "newer_store"
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    "content",
    [b"no database at all, but long enough to be one" * 50, b"SQLite format 3\0" + b"\xff" * 4000],
)
def test_a_damaged_file_is_set_aside_whole(path: Path, content: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    assert goods(path, FIRST) == []
    [aside] = path.parent.glob("store.damaged-*.sqlite3")
    assert aside.read_bytes() == content


def test_reading_creates_nothing(path: Path) -> None:
    with pytest.raises(PortViewError) as refused:
        open_store(path, [FIRST], read_only=True)
    assert refused.value.code == "no_store"
    assert not path.parent.exists()
    sell(path, FIRST, "apple")
    with (
        closing(open_store(path, [FIRST], read_only=True)) as store,
        pytest.raises(sqlite3.OperationalError, match="readonly"),
    ):
        store.execute("DELETE FROM goods")


def test_a_transaction_is_stored_whole_or_not_at_all(path: Path) -> None:
    with closing(open_store(path, [FIRST])) as store:
        with pytest.raises(sqlite3.IntegrityError), transaction(store):
            store.executemany("INSERT INTO goods VALUES (?)", [("apple",), ("apple",)])
        assert store.execute("SELECT * FROM goods").fetchall() == []


def test_a_full_disk_is_told_from_other_failures(path: Path) -> None:
    with closing(open_store(path, [FIRST])) as store:
        pages = store.execute("PRAGMA page_count").fetchone()[0]
        store.execute(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(sqlite3.Error) as full, transaction(store):
            store.execute("INSERT INTO goods VALUES (zeroblob(1000000))")
        assert is_disk_full(full.value)
        with pytest.raises(sqlite3.Error) as other:
            store.execute("SELECT nothing FROM goods")
        assert not is_disk_full(other.value)


def test_two_processes_that_begin_together_make_one_store(path: Path) -> None:
    code = (
        "import sys; from pathlib import Path\n"
        "from portview.watch.store.database import Schema, open_store\n"
        "open_store(Path(sys.argv[1]), [Schema('shop', ('CREATE TABLE goods (name);',))]).close()\n"
    )
    starts = [subprocess.Popen([sys.executable, "-c", code, str(path)]) for _ in range(4)]
    assert [start.wait(60) for start in starts] == [0, 0, 0, 0]


@pytest.mark.linux_only(reason="permissions as POSIX has them")
def test_only_this_user_can_read_it(path: Path) -> None:
    sell(path, FIRST, "apple")
    assert path.stat().st_mode & 0o077 == 0
    path.unlink()
    path.symlink_to(path.with_name("elsewhere"))
    with pytest.raises(PortViewError):
        open_store(path, [FIRST])


OTHER_PROCESS = """
import sys
from pathlib import Path
from portview.watch.store.incident_store import IncidentStore
IncidentStore.open(Path(sys.argv[1])).close()
"""


def test_another_process_that_comes_and_goes_leaves_open_connections_alone(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite3"
    first = IncidentStore.open(path)
    # A second connection of this process opens and closes the file: the first keeps its locks.
    IncidentStore.open(path).close()
    with first.transaction():
        first.silence("a", 10, "")
    subprocess.run([sys.executable, "-c", OTHER_PROCESS, str(path)], check=True, timeout=60)
    with first.transaction():
        first.silence("b", 10, "")
    second = IncidentStore.open(path)
    assert second.silences(0) == {"a": 10, "b": 10}
    second.close()
    first.close()
