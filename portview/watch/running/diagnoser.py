"""Explains incidents that began, on a thread of its own: the sentence goes into the message."""

from __future__ import annotations

import logging
import queue
import sqlite3
import threading
from contextlib import closing
from typing import TYPE_CHECKING

from portview.domain.cancellation import Cancelled, CancelToken
from portview.domain.errors import PortViewError
from portview.domain.plain_text import inert
from portview.domain.sockets.socket_row import Protocol
from portview.watch.store.incident_store import IncidentStore

if TYPE_CHECKING:
    from pathlib import Path

    from portview.watch.rules.model import Watch

logger = logging.getLogger(__name__)

_MOST_WAITING = 5
"""A burst of incidents has one cause, most of the time; the first few are explained."""
_LONGEST_SENTENCE = 600


def diagnosis_sentence(watch: Watch, cancel: CancelToken) -> str:
    """Return what the diagnosis says about a watch's port; "" where it fails."""
    from portview.diagnosis.answer import diagnose  # noqa: PLC0415 - slow to load, rarely wanted
    from portview.diagnosis.collect import collect_facts  # noqa: PLC0415 - likewise
    from portview.diagnosis.facts import DiagnosisQuestion  # noqa: PLC0415 - likewise

    question = DiagnosisQuestion(watch.port or 0, Protocol(watch.protocol), watch.address or None)
    try:
        answer = diagnose(collect_facts(question, cancel=cancel))
    except Cancelled:
        raise
    except Exception:
        logger.exception("port %s could not be diagnosed", watch.port)
        return ""
    return inert(answer.sentence, _LONGEST_SENTENCE)


class Diagnoser:
    """Diagnoses one incident after the other. Any thread may ``ask``."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._asked: queue.Queue[tuple[Watch, str] | None] = queue.Queue()
        self._cancel = CancelToken()
        self._thread: threading.Thread | None = None

    def ask(self, watch: Watch, incident: str) -> None:
        """Have an incident explained; too many at once are left without."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="diagnose", daemon=True)
            self._thread.start()
        self._asked.put((watch, incident))

    def _run(self) -> None:
        while (asked := self._asked.get()) is not None and not self._cancel.is_cancelled:
            watch, incident = asked
            try:
                is_busy = self._asked.qsize() > _MOST_WAITING
                sentence = "" if is_busy else diagnosis_sentence(watch, self._cancel)
                with closing(IncidentStore.open(self._path)) as store, store.transaction():
                    store.put_diagnosis(incident, sentence)
            except Cancelled:
                return
            except (sqlite3.Error, PortViewError) as error:
                logger.warning("a diagnosis could not be stored: %s", error)

    def stop(self) -> None:
        """End the thread."""
        self._cancel.cancel()
        self._asked.put(None)
        if self._thread is not None:
            self._thread.join(1.0)
