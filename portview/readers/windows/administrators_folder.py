"""A folder that administrators alone can enter, for what an elevated process keeps (Windows).

Everybody may make folders below ProgramData. So it is made with its owner and its rights, and one
that is there already counts only if administrators own it and nobody else may change it. Not
verified on Windows so far; Wine keeps no such rights.
"""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

from portview.readers.windows.folder_security import (
    is_closed,
    is_plain_folder,
    make_folder,
    rights_of,
)
from portview.readers.windows.known_folders import CSIDL_COMMON_APPDATA, known_folder
from portview.readers.windows.tokens import own_token

if TYPE_CHECKING:
    from pathlib import Path

ADMINISTRATORS_ALONE = "O:BAG:BAD:P(A;OICI;FA;;;BA)(A;OICI;FA;;;SY)(A;OICI;RC;;;S-1-3-4)"
"""Administrators (BA) and the system (SY) have all rights, and the owner as such (S-1-3-4) has no
right to change them."""


def administrators_folder() -> Path:
    """Return this user's folder among those of administrators, made where it is missing.

    Raises OSError, also where somebody else made it first.
    """
    folder = known_folder(CSIDL_COMMON_APPDATA) / "PortView elevated"  # untranslated: a folder
    own = folder / own_token().user_id
    for each in (folder, own):
        make_administrators_folder(each)
    return own


def make_administrators_folder(folder: Path) -> None:
    """Make a folder with its rights, or make sure that an existing one has them. Raises OSError."""
    make_folder(folder, ADMINISTRATORS_ALONE)
    # Also of a new one: a file system without rights keeps none.
    if not is_administrators_folder(folder):
        raise OSError(f"{folder} is not for administrators alone")


def is_administrators_file(path: Path) -> bool:
    """Return whether a file lies in this user's folder among those of administrators.

    It must be a plain file that nobody but them may change. What leads there is made sure of as
    well, so that no other folder can have been in its place when the file was read.
    """
    try:
        folder = administrators_folder()
        if not path.parent.samefile(folder) or not is_administrators_folder(folder.parent):
            return False
        is_plain = stat.S_ISREG(path.lstat().st_mode)
        return is_plain and is_closed(rights_of(path), may_inherit=True)
    except OSError:
        return False


def is_administrators_folder(folder: Path) -> bool:
    """Return whether a folder is there that administrators and services alone may change."""
    try:
        return is_plain_folder(folder) and is_closed(rights_of(folder))
    except OSError:
        return False
