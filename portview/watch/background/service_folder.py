"""The folder of the service's watches, store and log: below ProgramData, closed to others.

Everybody may create folders in ProgramData. So one that is there already is used only where an
administrator made it and its access list is a protected one: what others put there would rule a
service.
"""

from __future__ import annotations

import hashlib
import struct
from typing import TYPE_CHECKING

from portview.domain.errors import Outcome, PortViewError
from portview.i18n import _
from portview.readers.windows.folder_security import (
    is_closed,
    is_plain_folder,
    make_folder,
    rights_of,
    set_rights,
)
from portview.readers.windows.known_folders import CSIDL_COMMON_APPDATA, known_folder

if TYPE_CHECKING:
    from pathlib import Path

_FULL, _MODIFY, _READ = "FA", "0x1301bf", "0x1200a9"


def service_folder() -> Path:
    """Return the folder. Raises OSError where Windows does not say where ProgramData is."""
    return known_folder(CSIDL_COMMON_APPDATA) / "PortView"


def service_sid(name: str) -> str:
    r"""Return the SID of ``NT SERVICE\name``: its name in capitals as SHA-1, five numbers.

    [MS-DTYP] 2.4.2.4; the service that carries it is the only process that has it.
    """
    digest = hashlib.sha1(name.upper().encode("utf-16-le")).digest()  # noqa: S324 - Windows' rule
    return "S-1-5-80-" + "-".join(str(number) for number in struct.unpack("<5I", digest))


def folder_sddl(name: str, reader: str) -> str:
    """Return the security descriptor in SDDL: the service may change, ``reader`` may read.

    Administrators own it; protected, so that what Users may do in ProgramData does not count here.
    """
    entries = (
        (_FULL, "SY"),
        (_FULL, "BA"),
        (_MODIFY, service_sid(name)),
        *(((_READ, reader),) if reader else ()),
    )
    return "O:BAD:P" + "".join(f"(A;OICI;{rights};;;{who})" for rights, who in entries)


def prepare_folder(folder: Path, name: str, reader: str, *, is_in_use: bool) -> None:
    """Create the folder with its access list, or check the one that is there.

    ``is_in_use`` where the service is installed, and the folder was checked then. Raises
    PortViewError for a folder that others may have filled, and OSError.
    """
    sddl = folder_sddl(name, reader)
    if make_folder(folder, sddl):
        return
    if not is_in_use and not (is_plain_folder(folder) and is_closed(rights_of(folder))):
        raise PortViewError(
            "open_folder",
            _("{path} is not a folder that administrators alone can fill.").format(path=folder),
            _("See what it holds, move it away and try again."),
            Outcome.NOT_DONE,
        )
    set_rights(folder, sddl)  # Another account may read from now on.
