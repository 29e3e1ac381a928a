"""Hears at once that a service started or ended, where the system reports."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

logger = logging.getLogger(__name__)


class ServiceEvents(Protocol):
    """Follows services until it is closed. Any thread."""

    def close(self) -> None:
        """End it, and wait for its thread."""
        ...


def follow_services(
    names: Collection[str], on_event: Callable[[str], None]
) -> ServiceEvents | None:
    """Have ``on_event`` called with the name of a service whenever something happened to it.

    It is called on another thread, and more often than needed rather than too rarely: what the
    service does now has to be read. None where the system has no such source; nothing is lost then
    but time.
    """
    if not names:
        return None
    try:
        if sys.platform == "win32":
            from portview.actions.service_control.windows_events import (  # noqa: PLC0415
                WindowsServiceEvents,
            )

            return WindowsServiceEvents(names, on_event)
        from portview.actions.service_control.journal_events import JournalEvents  # noqa: PLC0415

        return JournalEvents.follow(names, on_event)
    except OSError as error:
        logger.info("services can't be followed: %s", error)
        return None
