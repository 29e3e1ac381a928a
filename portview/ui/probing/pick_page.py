"""Find free ports near a number or in a range."""

from __future__ import annotations

from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QVBoxLayout,
)

from portview.actions.port_destinations import PortDestinations
from portview.domain.severity import Severity
from portview.domain.sockets.socket_row import Protocol
from portview.domain.user_input.parsing import format_ports, parse_count, parse_ports
from portview.domain.user_input.targets import parse_any_port
from portview.engine.latest_task import LatestTask
from portview.i18n import N_, _, join_list, join_sentences, ngettext
from portview.override import override
from portview.probes.documents import pick_document
from portview.probes.pick import pick_ports, ports_near
from portview.readers.port_ranges import read_port_ranges
from portview.ui.probing.tool_page import ToolPage
from portview.ui.widgets.result import DisplayedResult, ResultRow
from portview.ui.widgets.result_view import ResultView
from portview.ui.widgets.tool_window import describe_failure
from portview.ui.widgets.validated_field import MistakeLine, ValidatedField

if TYPE_CHECKING:
    from collections.abc import Sequence

    from portview.domain.sockets.port_ranges import PortRanges
    from portview.domain.verdicts import Progress
    from portview.engine.task_runner import TaskRunner, Work
    from portview.probes.pick import PickReport, Skipped
    from portview.settings import Settings
    from portview.ui.probing.row_targets import RowTargets

_MOST_PORTS = 100
_NARROW = 90
_COLUMNS = (N_("Passed over"), N_("Why"))


class PickPage(ToolPage):
    """Finds ports that a server could take now, and says which it passed over and why."""

    def __init__(self, runner: TaskRunner, settings: Settings) -> None:
        super().__init__("pick", settings)
        self._task = LatestTask(runner)
        self._report: PickReport | None = None
        self.near: ValidatedField[int] = ValidatedField(_("Near port"), parse_any_port)
        self.near.setPlaceholderText("8080")
        self.near.setMaximumWidth(_NARROW)
        self.range: ValidatedField[tuple[int, ...]] = ValidatedField(
            _("Only among"), parse_ports, default=()
        )
        self.range.setPlaceholderText(_("any port, nearest first"))
        self.count: ValidatedField[int] = ValidatedField(
            _("How many"), partial(parse_count, most=_MOST_PORTS), default=1
        )
        self.count.setPlaceholderText("1")
        self.count.setMaximumWidth(_NARROW)
        self.protocol = QComboBox()
        self.protocol.addItems([one.upper() for one in Protocol])
        self.dynamic = QCheckBox(_("Take &dynamic ports too"))
        self.dynamic.setToolTip(_("The system may give these to any outgoing connection."))
        self.view = ResultView()
        self.inspect_button = self.button(_("&Find"), self.look)
        self.default_button = self.inspect_button
        self.cancel_button = self.button(_("&Cancel"), self.stop)
        self.copy_button = self.button(_("Co&py ports"), self._copy_ports)
        self.json_button = self.button(_("Copy as &JSON"), self._copy_json)
        self.starts_at = self.near
        self._compose()
        self.near.setText(self.saved_text("near", "8080"))
        self.range.setText(self.saved_text("range", ""))
        self.count.setText(self.saved_text("count", ""))
        self.protocol.setCurrentText(self.saved_text("protocol", "TCP"))
        self.dynamic.setChecked(self.saved_switch("dynamic", default=False))
        self.view.begin(_("No search yet"), _("Type a port number and press Enter."))
        self._show_state()

    @override
    def fill(self, targets: RowTargets) -> None:
        self.near.setText(str(targets.port))
        self.protocol.setCurrentText(targets.protocol.upper())

    def find_near(self, port: int, protocol: Protocol) -> None:
        """Look for one free port near another, which is in use."""
        self.near.setText(str(port))
        self.range.clear()
        self.count.clear()
        self.protocol.setCurrentText(protocol.upper())
        self.bring_up()
        self.look()

    def look(self) -> None:
        """Look for ports as the fields say."""
        ports = self.range.demand()
        near = self.near.value if ports and not self.near.text().strip() else self.near.demand()
        count = self.count.demand()
        if ports is None or count is None or (near is None and not ports):
            return
        protocol = Protocol(self.protocol.currentText().lower())
        may_be_dynamic = self.dynamic.isChecked()
        self._report = None
        self.view.begin(_("Checking…"), _("Each port is bound for a moment."))

        def work(work: Work[PickReport]) -> PickReport:
            ranges = read_port_ranges(protocol)
            with closing(PortDestinations()) as destinations:
                return pick_ports(
                    _in_order(near, ports, ranges, may_be_dynamic=may_be_dynamic),
                    count=count,
                    protocol=protocol,
                    ranges=ranges,
                    may_be_dynamic=may_be_dynamic,
                    destinations=destinations,
                    cancel=work.token,
                    report=work.report,
                )

        self._task.start(
            work, partial(self._on_found, protocol), self._on_failed, self._on_progress
        )
        self._show_state()

    @override
    def stop(self) -> bool:
        was_running = self._task.cancel()
        if was_running:
            self.view.begin(_("Cancelled"), _("No port was taken."))
            self._show_state()
        return was_running

    @override
    def remember(self) -> None:
        self.save("near", self.near.text())
        self.save("range", self.range.text())
        self.save("count", self.count.text())
        self.save("protocol", self.protocol.currentText())
        self.save("dynamic", self.dynamic.isChecked())

    def _compose(self) -> None:
        first = QHBoxLayout()
        first.addWidget(self.near)
        for words, widget in ((_("Ho&w many:"), self.count), (_("P&rotocol:"), self.protocol)):
            label = QLabel(words)
            label.setBuddy(widget)
            first.addSpacing(8)
            first.addWidget(label)
            first.addWidget(widget)
        first.addStretch()
        form = QFormLayout()
        form.addRow(_("&Near port:"), first)
        form.labelForField(first).setBuddy(self.near)  # type: ignore[attr-defined] # a QLabel
        form.addRow(_("Only a&mong:"), self.range)
        asking = QHBoxLayout()
        asking.addWidget(self.dynamic)
        asking.addStretch()
        asking.addWidget(self.cancel_button)
        asking.addWidget(self.inspect_button)
        form.addRow("", asking)
        buttons = QHBoxLayout()
        buttons.addWidget(self.copy_button)
        buttons.addWidget(self.json_button)
        buttons.addStretch()
        buttons.addWidget(self.close_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(form)
        layout.addWidget(MistakeLine(self.near, self.range, self.count))
        layout.addWidget(self.view, 1)
        layout.addLayout(buttons)

    def _on_progress(self, progress: Progress) -> None:
        self.view.headline.say(Severity.NOTE, _("Checking…"), f"{progress.text}.")

    def _on_found(self, protocol: Protocol, report: PickReport) -> None:
        self._report = report
        ports = join_list(map(str, report.ports))
        free = ngettext("{ports} is free", "{ports} are free", len(report.ports))
        detail = _(
            "A server can take {ports} ({protocol}) at every address of this machine."
        ).format(ports=ports, protocol=protocol.upper())
        rows = passed_over(report.skipped)
        hint = join_sentences(*report.notes)
        columns = tuple(map(_, _COLUMNS)) if rows else ()
        self.view.show_result(
            DisplayedResult(Severity.GOOD, free.format(ports=ports), detail, hint, columns, rows)
        )
        self._show_state()
        self.copy_button.setFocus()

    def _on_failed(self, error: Exception) -> None:
        self.view.show_result(
            DisplayedResult(Severity.BAD, _("Too few are free"), *describe_failure(error))
        )
        self._show_state()

    def _copy_ports(self) -> None:
        if self._report is not None:
            self.copy(" ".join(map(str, self._report.ports)), _("the ports"))

    def _copy_json(self) -> None:
        if self._report is not None:
            self.copy_document(pick_document(self._report))

    def _show_state(self) -> None:
        self.cancel_button.setEnabled(self._task.is_running)
        self.copy_button.setEnabled(self._report is not None)
        self.json_button.setEnabled(self._report is not None)


def passed_over(skipped: Sequence[Skipped]) -> tuple[ResultRow, ...]:
    """Return a line for each reason, with all the ports that it holds for."""
    by_reason: dict[str, list[int]] = {}
    for one in skipped:
        by_reason.setdefault(one.reason, []).append(one.port)
    return tuple(ResultRow((format_ports(ports), why)) for why, ports in by_reason.items())


def _in_order(
    near: int | None, ports: tuple[int, ...], ranges: PortRanges, *, may_be_dynamic: bool
) -> tuple[int, ...]:
    if near is None:
        return ports
    if ports:
        # As near as possible, and above rather than below, as without a range.
        return tuple(sorted(ports, key=lambda port: (abs(port - near), port < near)))
    return ports_near(near, ranges=ranges, may_be_dynamic=may_be_dynamic)
