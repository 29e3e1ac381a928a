"""What the installer of Windows asks about the background process that is installed."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING

from portview.domain.errors import Outcome, PortViewError

if TYPE_CHECKING:
    from collections.abc import Sequence

logger = logging.getLogger(__name__)

WAS_RUNNING = 10
"""Exit code of ``stop`` where a service ran, which is to be started again after an upgrade."""


def change_background(arguments: Sequence[str]) -> int:
    """Carry out ``stop``, ``start`` or ``remove``; return an exit code.

    The service of another PortView, in another folder, is left alone.
    """
    if len(arguments) != 1 or arguments[0] not in {"stop", "start", "remove"}:
        return int(Outcome.BAD_INPUT)
    if sys.platform != "win32":
        return int(Outcome.NOT_DONE)
    try:
        return _change(arguments[0])
    except (PortViewError, OSError) as error:
        logger.warning("the background process was not changed: %s", error)
        denied = isinstance(error, PortViewError) and error.outcome is Outcome.NEEDS_ADMIN
        return int(Outcome.NEEDS_ADMIN if denied else Outcome.NOT_DONE)


def _change(verb: str) -> int:
    from portview.watch.background.kinds import StartAtLogin  # noqa: PLC0415 - Windows only
    from portview.watch.background.windows_service import WindowsService  # noqa: PLC0415

    service = WindowsService()
    is_own = service.is_own()
    if verb == "remove":
        entry = StartAtLogin()
        if entry.is_installed():
            entry.remove()
        if is_own:
            service.remove()
    elif verb == "start" and is_own:
        service.start()
    elif verb == "stop" and is_own and service.state() != "stopped":
        service.stop()
        return WAS_RUNNING
    return int(Outcome.DONE)
