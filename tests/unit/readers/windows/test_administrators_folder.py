"""A folder counts as one of administrators only where nobody else has any right to it."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from portview.readers.windows.administrators_folder import (
    ADMINISTRATORS_ALONE,
    is_administrators_file,
    is_administrators_folder,
    make_administrators_folder,
)
from portview.readers.windows.folder_security import is_closed, rights_of
from portview.readers.windows.tokens import own_token

if TYPE_CHECKING:
    from pathlib import Path

USER = "S-1-5-21-1-2-3-1001"


@pytest.mark.parametrize(
    "security",
    [
        ADMINISTRATORS_ALONE,
        "O:BAD:PAI(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;RC;;;OW)",
        "O:SYG:SYD:P(A;;FA;;;SY)",
        "O:S-1-5-32-544D:P(A;OICI;FA;;;S-1-5-32-544)(A;OICI;FA;;;S-1-5-18)",
        "O:BAD:P(D;;FA;;;WD)(A;OICI;FA;;;BA)",
        "O:BAD:P(A;OICI;FA;;;BA)(A;OICI;0x1301bf;;;S-1-5-80-1-2-3-4-5)(A;OICI;0x1200a9;;;BU)",
    ],
)
def test_only_administrators_and_services_may_change_it(security: str) -> None:
    assert is_closed(security)


@pytest.mark.parametrize(
    "security",
    [
        "",
        f"O:{USER}D:P(A;OICI;FA;;;BA)(A;OICI;FA;;;SY)",
        f"O:BAD:P(A;OICI;FA;;;BA)(A;OICI;FA;;;{USER})",
        "O:BAD:P(A;OICI;FA;;;BA)(A;OICI;0x1301bf;;;BU)",
        "O:BAD:P(A;OICI;FA;;;BA)(A;;FRFW;;;WD)",
        "O:BAD:P(A;OICI;FA;;;BA)(A;;FA;;;S-1-5-80-1-2-3-4)",
        "O:BAD:P(A;OICI;FA;;;BA)(A;OICI;FA;;;CO)",
        "O:BAD:P(A;OICI;FA;;;BA)(A;OICI;WD;;;OW)",
        "O:BAD:AI(A;OICIID;FA;;;BA)",
        "O:BAD:P",
        "O:BAD:NO_ACCESS_CONTROL",
        "O:BAD:PNO_ACCESS_CONTROL",
        "O:BA",
        "O:BAD:P(XA;;FA;;;BA;(Member_of {SID(BA)}))",
        "O:BAD:P(OA;;FA;00000000-0000-0000-0000-000000000001;;BA)",
        "O:BAG:BAS:(ML;;NW;;;HI)",
    ],
)
def test_somebody_else_may_change_it_or_it_can_not_be_told(security: str) -> None:
    assert not is_closed(security)


@pytest.mark.parametrize(
    ("security", "is_theirs"),
    [
        ("O:BAG:BAD:AI(A;ID;FA;;;BA)(A;ID;FA;;;SY)(A;ID;RC;;;S-1-3-4)", True),
        (f"O:BAD:AI(A;;FA;;;{USER})(A;ID;FA;;;BA)", False),
        (f"O:{USER}D:AI(A;ID;FA;;;BA)(A;ID;FA;;;SY)", False),
        ("O:BAD:AI", False),
    ],
)
def test_a_file_in_such_a_folder_may_inherit_its_rights(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, security: str, *, is_theirs: bool
) -> None:
    place = "portview.readers.windows.administrators_folder"
    file = tmp_path / "watches.toml"
    file.touch()
    folders = ADMINISTRATORS_ALONE
    monkeypatch.setattr(f"{place}.administrators_folder", lambda: tmp_path)
    monkeypatch.setattr(f"{place}.rights_of", lambda path: security if path == file else folders)
    assert is_administrators_file(file) is is_theirs
    # The same rights anywhere else say nothing about how the file came there.
    (tmp_path / "other").mkdir()
    elsewhere = tmp_path / "other" / "watches.toml"
    elsewhere.touch()
    assert not is_administrators_file(elsewhere)
    assert not is_administrators_file(tmp_path / "missing")
    folders = security
    assert not is_administrators_file(file)


@pytest.mark.windows_only("rights of folders")
def test_a_folder_that_somebody_else_made_first_is_refused(tmp_path: Path) -> None:
    squatted = tmp_path / "squatted"
    squatted.mkdir()
    with pytest.raises(OSError, match="administrators alone"):
        make_administrators_folder(squatted)
    assert rights_of(squatted).startswith("O:")


@pytest.mark.windows_only("rights of folders")
def test_what_is_no_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert not is_administrators_folder(tmp_path / "file")
    assert not is_administrators_folder(tmp_path / "missing")


@pytest.mark.windows_only("rights of folders")
def test_a_folder_is_refused_where_the_system_does_not_keep_its_rights(tmp_path: Path) -> None:
    """As Wine does not, or a file system without rights; on Windows it may be used."""
    folder = tmp_path / "own"
    with suppress(OSError):
        make_administrators_folder(folder)
        assert is_administrators_folder(folder)
    assert folder.is_dir()
    assert own_token().user_id.startswith("S-1-5-")
