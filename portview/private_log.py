"""The log's file: rotated by size, and opened as a file of this user's alone."""

from __future__ import annotations

import os
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import TYPE_CHECKING

from portview.override import override
from portview.private_files import open_to_append

if TYPE_CHECKING:
    from io import TextIOWrapper


class PrivateLogFile(RotatingFileHandler):
    """A rotated file that is never opened through a link, and never one of another user."""

    @override
    def _open(self) -> TextIOWrapper:
        descriptor = open_to_append(Path(self.baseFilename))
        return os.fdopen(descriptor, "a", encoding=self.encoding, errors=self.errors)
