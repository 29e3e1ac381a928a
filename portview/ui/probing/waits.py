"""What PortView waits for in the background: in the status bar, until it is so or time is up."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtWidgets import QMenu, QToolButton, QWidget

from portview.domain.plain_text import inert
from portview.domain.user_input.parsing import format_duration
from portview.engine.latest_task import LatestTask
from portview.i18n import _
from portview.models.tooltips import plain_tooltip
from portview.override import override
from portview.ui.style.icons import set_button_icon
from portview.ui.widgets.tool_window import describe_failure

if TYPE_CHECKING:
    from portview.domain.verdicts import Progress
    from portview.engine.task_runner import TaskRunner, Work
    from portview.probes.wait import WaitCondition, WaitReport

MOST_WAITS = 6
"""Each holds a thread of the probes' pool for as long as it lasts."""

_LONGEST_NAME = 44


@dataclass(slots=True, eq=False)
class _Waiting:
    name: str
    task: LatestTask
    left: str = ""


class Waits(QToolButton):
    """Shows what is waited for; its menu stops it. Hidden while there is nothing.

    ``ended`` says what came of a wait, in a sentence.
    """

    ended = Signal(str)

    def __init__(self, runner: TaskRunner, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._runner = runner
        self._waiting: list[_Waiting] = []
        self._menu = QMenu(self)
        self._menu.aboutToShow.connect(self._fill_menu)
        self.setMenu(self._menu)
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.setAutoRaise(True)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setAccessibleName(_("Waiting for ports"))
        set_button_icon(self, "live")
        self.hide()

    @property
    def names(self) -> list[str]:
        """Return what is waited for."""
        return [one.name for one in self._waiting]

    def add(self, condition: WaitCondition, limit_ms: int) -> None:
        """Wait for a condition in the background."""
        if len(self._waiting) >= MOST_WAITS:
            self.ended.emit(
                _("PortView waits for {most_waits} things already; stop one first.").format(
                    most_waits=MOST_WAITS
                )
            )
            return
        waiting = _Waiting(condition.name, LatestTask(self._runner), format_duration(limit_ms))
        self._waiting.append(waiting)

        def work(work: Work[WaitReport]) -> WaitReport:
            # Loaded with the first wait: this button stands in the status bar from the start.
            from portview.probes.wait import wait_for  # noqa: PLC0415

            return wait_for([condition], timeout_ms=limit_ms, cancel=work.token, report=work.report)

        waiting.task.start(
            work,
            partial(self._on_done, waiting),
            partial(self._on_failed, waiting),
            partial(self._on_progress, waiting),
        )
        self._show()

    def stop_all(self) -> None:
        """Wait for nothing any more."""
        for waiting in list(self._waiting):
            self._stop(waiting)

    @override
    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            set_button_icon(self, "live")

    def _stop(self, waiting: _Waiting) -> None:
        if waiting in self._waiting:
            waiting.task.cancel()
            self._waiting.remove(waiting)
            self._show()

    def _on_progress(self, waiting: _Waiting, progress: Progress) -> None:
        if progress.left_ms is not None:
            waiting.left = format_duration(progress.left_ms)
            self._show()

    def _on_done(self, waiting: _Waiting, report: WaitReport) -> None:
        self._waiting.remove(waiting)
        self._show()
        took = format_duration(report.elapsed_ms)
        if report.is_met:
            self.ended.emit(
                _("{waiting_name}, after {took}.").format(
                    waiting_name=inert(waiting.name), took=took
                )
            )
        else:
            detail = report.conditions[0].detail
            self.ended.emit(
                inert(
                    _("Waited {took}, but not yet: {waiting_name}. {detail}").format(
                        took=took, waiting_name=waiting.name, detail=detail
                    )
                )
            )

    def _on_failed(self, waiting: _Waiting, error: Exception) -> None:
        self._waiting.remove(waiting)
        self._show()
        message, _unused = describe_failure(error)
        self.ended.emit(
            inert(
                _("Stopped waiting until {waiting_name}: {message}").format(
                    waiting_name=waiting.name, message=message
                )
            )
        )

    def _show(self) -> None:
        self.setVisible(bool(self._waiting))
        if not self._waiting:
            return
        first = self._waiting[0]
        others = len(self._waiting) - 1
        name = inert(first.name, _LONGEST_NAME).replace("&", "&&")
        text = _("Waiting: {name} and {others} more") if others else _("Waiting: {name}")
        self.setText(text.format(name=name, others=others))
        left = _("{name}: {time} left")
        lines = [left.format(name=one.name, time=one.left) for one in self._waiting]
        self.setToolTip(plain_tooltip("\n".join(lines)))

    def _fill_menu(self) -> None:
        self._menu.clear()
        for waiting in self._waiting:
            name = inert(waiting.name, _LONGEST_NAME).replace("&", "&&")
            action = self._menu.addAction(
                _("Stop waiting: {name} ({left} left)").format(name=name, left=waiting.left)
            )
            action.triggered.connect(lambda _unused=False, waiting=waiting: self._stop(waiting))
        if len(self._waiting) > 1:
            self._menu.addSeparator()
            self._menu.addAction(_("Stop all")).triggered.connect(self.stop_all)
