"""Files that are written whole or not at all."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from pathlib import Path

from portview.domain.errors import Outcome, PortViewError
from portview.i18n import _


def write_whole(path: Path, content: bytes, *, mode: int | None = None) -> None:
    """Replace a file's content at once: a reader sees the old or the new one, never a part.

    Only this user can read it, unless ``mode`` gives permissions (not on Windows, where the folder
    does).

    Raises PortViewError where the folder or the disk refuses; the old file is then untouched. Only
    a file is ever replaced, never a folder or a device.
    """
    if path.exists() and not path.is_file():
        raise _refused(path, OSError(0, "it is no file"))
    try:
        descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    except OSError as error:
        raise _refused(path, error) from error
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            if mode is not None and sys.platform != "win32":
                os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            Path(temporary).unlink()
        raise _refused(path, error) from error


def _refused(path: Path, error: OSError) -> PortViewError:
    return PortViewError(
        "file_not_written",
        _("{path} could not be written: {value}.").format(path=path, value=error.strerror or error),
        _("Nothing was changed there. Choose another folder, or make room and try again."),
        Outcome.FAILED,
    )
