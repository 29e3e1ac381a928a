"""What the Windows service does: evaluate and record in its own folder, and report to two logs."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING

from portview.domain.errors import Outcome, PortViewError
from portview.log import start_logging
from portview.watch.background import event_log
from portview.watch.background.service_process import ServiceProcess
from portview.watch.background.windows_service import SERVICE_NAME

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from portview.watch.running.unattended import Unattended

logger = logging.getLogger(__name__)


def run_service(arguments: Sequence[str]) -> int:
    """Serve as ``run-service FOLDER``; return an exit code.

    The folder is an argument of the service's command line, which only an administrator can change.
    """
    if len(arguments) != 1 or not Path(arguments[0]).is_absolute():
        return int(Outcome.BAD_INPUT)
    # Everything that PortView keeps is found by these, in this process and in what a repair starts.
    os.environ["PORTVIEW_CONFIG_DIR"] = os.environ["PORTVIEW_LOG_DIR"] = arguments[0]
    start_logging()
    _log_events()
    try:
        return ServiceProcess(SERVICE_NAME, _make_work).run()
    except PortViewError as error:
        logger.warning("%s", error.message)
        return int(error.outcome)
    except OSError:
        logger.exception("the service could not be started")
        return int(Outcome.FAILED)


def _log_events() -> None:
    try:
        handler = event_log.EventLogHandler()
    except OSError as error:
        logger.warning("%s", error)
        return
    logging.getLogger().addHandler(handler)


def _make_work(ready: Callable[[], None]) -> Unattended:
    # Loaded after the manager has heard that the service starts.
    from portview.watch.running.turns import WatcherHooks  # noqa: PLC0415
    from portview.watch.running.unattended import Unattended  # noqa: PLC0415

    logger.info("the service starts", extra={event_log.NUMBER_FIELD: event_log.STARTED})
    return Unattended(WatcherHooks(on_turn=ready), on_end=_note_end)


def _note_end() -> None:
    logger.info("the service ends", extra={event_log.NUMBER_FIELD: event_log.STOPPED})
