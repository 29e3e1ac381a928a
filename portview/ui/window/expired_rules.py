"""Revokes the firewall rules that have expired, while the window runs."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from portview.domain.errors import Outcome, PortViewError
from portview.engine.task_runner import Pool
from portview.i18n import join_sentences

if TYPE_CHECKING:
    from collections.abc import Callable

    from portview.domain.errors import ActionReport
    from portview.engine.task_runner import Task, TaskRunner
    from portview.firewall.interface import FirewallReader

logger = logging.getLogger(__name__)

_INTERVAL_MS = 60_000


def revoke_expired_rules(shared: FirewallReader, *, has_rights: bool) -> ActionReport | None:
    """Revoke what has expired; None where nothing has. Raises PortViewError; blocks.

    ``shared`` is a firewall that keeps its rules while they are the same: a reading at those costs
    next to nothing, and no other firewall is opened before there is something to revoke.
    """
    # The firewall is loaded with the first reading, long after the first rows are there.
    from portview.actions.firewall_rules.expiry import has_expired  # noqa: PLC0415

    if not has_expired(shared.read()):
        return None
    from portview.actions.confirmation.firewall_actions import revoke_expired  # noqa: PLC0415 - rare

    return revoke_expired(has_rights=has_rights)


class ExpiredRules(QObject):
    """Looks every minute for rules of PortView's that have expired, by ``revoke``.

    With ``has_rights`` they are revoked, and ``revoked`` reports with the report. Without, nobody
    is interrupted by a prompt: ``rights_wanted`` reports once that they wait, and the person can
    take them back from the list of rules. ``notified`` says either in a sentence.
    """

    revoked = Signal(object)
    rights_wanted = Signal(str)
    notified = Signal(str)

    def __init__(
        self,
        runner: TaskRunner,
        *,
        has_rights: bool,
        revoke: Callable[..., ActionReport | None],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._runner = runner
        self._has_rights = has_rights
        self._revoke = revoke
        self._task: Task | None = None
        self._last_wanted = ""
        self._timer = QTimer(self)
        self._timer.setInterval(_INTERVAL_MS)
        self._timer.timeout.connect(self.check)

    @Slot()
    def start(self) -> None:
        """Look now and from now on every minute."""
        self._timer.start()
        self.check()

    @Slot()
    def stop(self) -> None:
        """Look no more."""
        self._timer.stop()

    @Slot()
    def check(self) -> None:
        """Look now, unless a reading is still under way."""
        if self._task is not None and self._task.is_running:
            return
        revoke, has_rights = self._revoke, self._has_rights
        self._task = self._runner.run(
            lambda _work: revoke(has_rights=has_rights),
            pool=Pool.ACTIONS,
            on_done=self._on_revoked,
            on_failed=self._on_failed,
        )

    @Slot(object)
    def _on_revoked(self, report: ActionReport | None) -> None:
        self._last_wanted = ""
        if report is not None:
            self.notified.emit(report.done or report.now)
            self.revoked.emit(report)

    @Slot(object)
    def _on_failed(self, error: Exception) -> None:
        if not isinstance(error, PortViewError):
            raise error
        if error.outcome is not Outcome.NEEDS_ADMIN:
            logger.warning("expired rules: %s %s", error.message, error.hint)
            return
        message = join_sentences(error.message, error.hint)
        if message != self._last_wanted:
            self._last_wanted = message
            self.notified.emit(message)
            self.rights_wanted.emit(message)
