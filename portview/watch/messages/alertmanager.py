"""Hands open incidents to an Alertmanager, directly, and says when they are over.

By the rules for its clients: the same labels for the same incident and none that changes, the
beginning never changed, sent again while it fires with an end that lies several times as far ahead,
and the end sent more than once (https://prometheus.io/docs/alerting/latest/clients/).
"""

from __future__ import annotations

import base64
import json
import logging
import socket
import sqlite3
import threading
import time
import urllib.error
import urllib.request
from contextlib import closing
from http.client import HTTPException
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

from portview.domain.errors import PortViewError
from portview.domain.json_schema import iso_time
from portview.watch.store.incident_store import IncidentStore

if TYPE_CHECKING:
    from pathlib import Path

    from portview.watch.store.incident_store import Incident

logger = logging.getLogger(__name__)

RESEND_S = 30.0
_END_AHEAD_MS = round(RESEND_S * 1000) * 5
_END_REPORTED_MS = 300_000
"""For how long an end is sent again: the first time may have been lost."""

_TIMEOUT_S = 10.0
_RETRY_S = 5.0
_STOP_S = 2.0
_API = "/api/v2/alerts"


def alert_object(incident: Incident, instance: str, now_ms: int) -> dict[str, Any]:
    """Return one alert of the API, for an incident that is open or over."""
    labels = {
        "alertname": "PortViewWatch",
        "watch": incident.watch,
        "instance": instance,
        "port": "" if incident.port is None else str(incident.port),
        "proto": incident.protocol or "",
        "subject": incident.subject,
        "severity": "critical",
    }
    ends_ms = now_ms + _END_AHEAD_MS if incident.ended_ms is None else incident.ended_ms
    return {
        "labels": {name: value for name, value in labels.items() if value},
        "annotations": {
            "summary": f"{incident.watch}: {incident.detail}",
            "incident": incident.id,
            "program": incident.program,
            "diagnosis": incident.diagnosis or "",
        },
        "startsAt": iso_time(incident.began_ms),
        # It must not lie before the beginning, whatever the clock did.
        "endsAt": iso_time(max(ends_ms, incident.began_ms)),
    }


class AlertmanagerSender:
    """A thread that reads the store and sends; without a URL there is none. Any thread."""

    def __init__(self, path: Path | None = None) -> None:
        """Read the user's store, or the one at ``path``."""
        self._path = path
        self._url = ""
        self._wake = threading.Event()
        self._is_stopping = False
        self._is_failing = False
        self._thread: threading.Thread | None = None

    def adopt(self, url: str) -> None:
        """Send to this Alertmanager from now on; "" for none."""
        if url != self._url:
            self._url = url
        if url and self._thread is None:
            self._thread = threading.Thread(target=self._run, name="alertmanager", daemon=True)
            self._thread.start()
        self._wake.set()

    def wake(self) -> None:
        """Send at once: something has changed."""
        self._wake.set()

    def stop(self) -> None:
        """End the thread; one that is in the middle of sending is left behind after a moment."""
        self._is_stopping = True
        self._wake.set()
        if self._thread is not None:
            self._thread.join(_STOP_S)

    def _run(self) -> None:
        pause_s = 0.0
        while not self._is_stopping:
            self._wake.wait(pause_s)
            self._wake.clear()
            if self._is_stopping:
                return
            pause_s = RESEND_S if self._send() else _RETRY_S

    def _send(self) -> bool:
        url = self._url
        try:
            alerts = self._alerts()
            if url and alerts:
                _post(url, alerts)
        except (PortViewError, sqlite3.Error, OSError, HTTPException, ValueError) as error:
            if not self._is_failing:
                # Never the address: it may hold a password.
                name = type(error).__name__
                logger.warning("the Alertmanager could not be told (%s)", name)
            self._is_failing = True
            return False
        self._is_failing = False
        return True

    def _alerts(self) -> list[dict[str, Any]]:
        now_ms = time.time_ns() // 1_000_000
        with closing(IncidentStore.open(self._path, read_only=True)) as store:
            silenced = store.silences(now_ms)
            incidents = store.recent_incidents(now_ms - _END_REPORTED_MS)
        instance = socket.gethostname()
        return [
            alert_object(one, instance, now_ms)
            for one in incidents
            if one.ended_ms is not None or one.watch not in silenced
        ]


def _post(url: str, alerts: list[dict[str, Any]]) -> None:
    parts = urlsplit(url)
    place = parts.netloc.rpartition("@")[2]
    path = parts.path.rstrip("/")
    path = path if path.endswith(_API) else path + _API
    request = urllib.request.Request(  # noqa: S310 - the rules allow http and https alone
        urlunsplit((parts.scheme, place, path, "", "")),
        json.dumps(alerts).encode(),
        {"Content-Type": "application/json"},
    )
    if parts.username:
        secret = f"{parts.username}:{parts.password or ''}".encode()
        # untranslated: a header
        request.add_header("Authorization", f"Basic {base64.b64encode(secret).decode()}")
    with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as answer:  # noqa: S310 - likewise
        answer.read(1000)
