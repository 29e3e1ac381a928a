"""Scan the ports of a host, and compare with the socket table where the host is this machine."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QModelIndex, Qt, Signal, Slot
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QMenu,
    QMessageBox,
    QProgressBar,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from portview.domain.plain_text import inert
from portview.domain.severity import Severity
from portview.domain.table.export import UTF8_BOM
from portview.domain.user_input.parsing import format_duration
from portview.domain.user_input.targets import Target
from portview.engine.latest_task import LatestTask
from portview.engine.task_runner import Pool
from portview.files import write_whole
from portview.i18n import _, ngettext
from portview.override import override
from portview.probes.documents import scan_csv, scan_document
from portview.ui.probing.scan_form import ScanForm
from portview.ui.probing.scan_model import NUMBER_COLUMNS, ScanModel
from portview.ui.probing.scan_task import ScanEnd, ScanNews, ScanTarget, look_up, run_scan
from portview.ui.probing.scan_text import describe_differences, summary
from portview.ui.probing.tool_page import ToolPage
from portview.ui.style.theme import tabular_font
from portview.ui.table.cell_delegates import set_cell_delegates
from portview.ui.widgets.result_view import Headline
from portview.ui.widgets.tool_window import describe_failure

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from portview.domain.sockets.port_names import PortNames
    from portview.domain.sockets.socket_row import SocketRow
    from portview.domain.verdicts import Progress
    from portview.engine.task_runner import TaskRunner, Work
    from portview.settings import Settings
    from portview.ui.probing.row_targets import RowTargets
    from portview.ui.probing.scan_form import ScanQuestion

_WIDTHS = (70, 120, 160, 90)


class ScanPage(ToolPage):
    """Scans one host at a time.

    ``owners`` names the programs that listen on this machine by port; ``read_rows`` reads its
    sockets, on a pool thread. ``probe_wanted`` reports a Target that was chosen from the results.
    """

    probe_wanted = Signal(object)

    def __init__(
        self,
        runner: TaskRunner,
        settings: Settings,
        names: PortNames,
        *,
        read_rows: Callable[[], Sequence[SocketRow]],
        owners: Callable[[], Mapping[int, str]],
    ) -> None:
        super().__init__("scan", settings)
        self._task = LatestTask(runner)
        self._saving = LatestTask(runner, Pool.ACTIONS)
        self._read_rows = read_rows
        self._owners = owners
        # For this session only: next week the same name may be another machine.
        self._confirmed: set[tuple[str, str]] = set()
        self._target: ScanTarget | None = None
        self._end: ScanEnd | None = None
        self.consent: QMessageBox | None = None
        self.form = ScanForm(names)
        self.model = ScanModel(self)
        self.table = _table(self.model)
        self.table.activated.connect(self._on_row_activated)
        self.headline = Headline()
        self.bar = QProgressBar()
        self.bar.setAccessibleName(_("Progress of the scan"))
        policy = self.bar.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self.bar.setSizePolicy(policy)
        self.left = QLabel()
        self.left.setTextFormat(Qt.TextFormat.PlainText)
        self.left.setAccessibleName(_("Time left"))
        self.scan_button = self.button(_("&Scan"), self.scan)
        self.default_button = self.scan_button
        self.cancel_button = self.button(_("&Cancel"), self.stop)
        self.copy_button = self.button(_("Cop&y as text"), self._copy)
        self.json_button = self.button(_("Copy as &JSON"), self._copy_json)
        self.export_button = self.button(_("E&xport"), lambda: None)
        menu = QMenu(self)
        menu.addAction(_("CSV\u2026")).triggered.connect(
            lambda _unused=False: self._choose_file("csv")
        )
        menu.addAction(_("JSON\u2026")).triggered.connect(
            lambda _unused=False: self._choose_file("json")
        )
        self.export_button.setMenu(menu)
        self.starts_at = self.form.host
        self._compose()
        self.form.host.setText(self.saved_text("host", "localhost"))
        self.form.ports.setText(self.saved_text("ports", "common"))
        self.form.rate.setText(self.saved_text("rate", ""))
        self.form.banners.setChecked(self.saved_switch("banners", default=False))
        self.headline.say(Severity.NOTE, _("Nothing scanned yet"), _("Press Enter to scan."))
        self._show_state()

    @override
    def fill(self, targets: RowTargets) -> None:
        self.form.host.setText(targets.host)

    def scan(self) -> None:
        """Scan what the form says; another machine only after the person confirmed it."""
        question = self.form.question()
        if question is None:
            return
        self.stop()
        self.model.clear()
        self._end = None
        self.headline.say(Severity.NOTE, _("Looking up…"), question.host)

        def work(work: Work[ScanTarget]) -> ScanTarget:
            return look_up(question.host, work.token)

        self._task.start(work, partial(self._on_looked_up, question), self._on_failed)
        self._show_state()

    def export_to(self, path: Path, form: str) -> None:
        """Write the results as ``csv`` or ``json``; off the UI thread."""
        end = self._end
        if end is None:
            return
        if form == "csv":
            content = UTF8_BOM + scan_csv(end.report).encode()
        else:
            content = json.dumps(_document(end), ensure_ascii=True, indent=2).encode() + b"\n"

        def work(_work: Work[Path]) -> Path:
            write_whole(path, content)
            return path

        self._saving.start(
            work,
            lambda done: self.notified.emit(_("Saved {done}.").format(done=done)),
            lambda error: self.headline.say(Severity.BAD, _("Not saved"), *describe_failure(error)),
        )

    @override
    def stop(self) -> bool:
        if self.consent is not None:
            self.consent.reject()
        was_running = self._task.cancel()
        if was_running:
            found = len(self.model.ports)
            self.headline.say(
                Severity.NOTE,
                _("Cancelled"),
                _("{found:,} open ports were found by then.").format(found=found),
            )
            self._show_state()
        return was_running

    @override
    def remember(self) -> None:
        self.save("host", self.form.host.text())
        self.save("ports", self.form.ports.text())
        self.save("rate", self.form.rate.text())
        self.save("banners", self.form.banners.isChecked())

    def _compose(self) -> None:
        running = QHBoxLayout()
        running.addWidget(self.bar, 1)
        running.addWidget(self.left)
        running.addWidget(self.cancel_button)
        running.addWidget(self.scan_button)
        end = QHBoxLayout()
        end.addWidget(self.copy_button)
        end.addWidget(self.json_button)
        end.addWidget(self.export_button)
        end.addStretch()
        end.addWidget(self.close_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.form)
        layout.addLayout(running)
        layout.addWidget(self.headline)
        layout.addWidget(self.table, 1)
        layout.addLayout(end)

    def _on_looked_up(self, question: ScanQuestion, target: ScanTarget) -> None:
        key = (target.host, target.address)
        if target.is_this_machine or key in self._confirmed:
            self._start(question, target)
            return
        self._show_state()
        box = QMessageBox(self)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.setIcon(QMessageBox.Icon.Question)
        box.setWindowTitle(_("Scan another machine?"))
        box.setTextFormat(Qt.TextFormat.PlainText)
        box.setText(
            _("{host} ({address}) is another machine.").format(
                host=inert(target.host, 100), address=target.address
            )
        )
        box.setInformativeText(
            _(
                "Scanning means {count:,} connections to it, which its owner may "
                "see as an attack. Do you have the permission?"
            ).format(count=len(question.ports))
        )
        yes = box.addButton(_("&Scan it"), QMessageBox.ButtonRole.AcceptRole)
        no = box.addButton(QMessageBox.StandardButton.Cancel)
        box.setDefaultButton(no)
        box.setEscapeButton(no)
        box.finished.connect(lambda _unused: self._on_consent(box, yes, question, target))
        self.consent = box
        self.headline.say(
            Severity.NOTE,
            _("Waiting for confirmation"),
            _("May {address} be scanned?").format(address=target.address),
        )
        box.open()

    def _on_consent(
        self, box: QMessageBox, yes: QWidget, question: ScanQuestion, target: ScanTarget
    ) -> None:
        self.consent = None
        if box.clickedButton() is yes:
            self._confirmed.add((target.host, target.address))
            self._start(question, target)
        else:
            self.headline.say(
                Severity.NOTE,
                _("Not scanned"),
                _("Nothing was sent to {address}.").format(address=target.address),
            )

    def _start(self, question: ScanQuestion, target: ScanTarget) -> None:
        self._target = target
        count = len(question.ports)
        self.bar.setRange(0, count)
        self.bar.setValue(0)
        self.headline.say(
            Severity.NOTE,
            _("Scanning…"),
            ngettext("{address}: {count:,} port", "{address}: {count:,} ports", count).format(
                address=target.address, count=count
            ),
        )

        def work(work: Work[ScanEnd]) -> ScanEnd:
            return run_scan(
                target,
                question.ports,
                question.options,
                read_rows=self._read_rows,
                cancel=work.token,
                notify=work.report,
            )

        self._task.start(work, self._on_done, self._on_failed, self._on_news)
        self._show_state()

    def _on_news(self, news: ScanNews) -> None:
        if news.found:
            self.model.add(news.found)
            if self._target and self._target.is_this_machine:
                self.model.set_owners(self._owners())
        if news.progress:
            self._show_progress(news.progress)

    def _show_progress(self, progress: Progress) -> None:
        self.bar.setValue(progress.done)
        words = ""
        if progress.left_ms is not None:
            words = _("{time} left").format(time=format_duration(max(progress.left_ms, 1)))
        self.left.setText(words)

    def _on_done(self, end: ScanEnd) -> None:
        self._end = end
        self.bar.setValue(self.bar.maximum())
        differences = ""
        owners: Mapping[int, str] = {}
        if end.comparison is not None:
            owners = self._owners()
            self.model.set_owners(owners)
            differences = describe_differences(end.comparison, owners)
        word, detail = summary(end.report)
        severity = Severity.NOTE if end.comparison or not end.report.open else Severity.GOOD
        self.headline.say(
            severity, word, detail, "\n".join(filter(None, (differences, *end.remarks)))
        )
        self._show_state()

    def _on_failed(self, error: Exception) -> None:
        self.headline.say(Severity.BAD, _("Could not scan"), *describe_failure(error))
        self._show_state()

    @Slot(QModelIndex)
    def _on_row_activated(self, index: QModelIndex) -> None:
        if self._target is not None:
            self.probe_wanted.emit(Target(self._target.address, self.model.ports[index.row()]))

    def _copy(self) -> None:
        self.copy(f"{self.headline.text}\n\n{self.model.as_text()}", _("the open ports"))

    def _copy_json(self) -> None:
        if self._end is not None:
            self.copy_document(_document(self._end))

    def _choose_file(self, form: str) -> None:
        confirmation = str(Path(self.saved_text("folder", str(Path.home())), f"scan.{form}"))
        chosen, _unused = QFileDialog.getSaveFileName(
            self, _("Export the scan"), confirmation, f"{form.upper()} (*.{form})"
        )
        if chosen:
            self.save("folder", str(Path(chosen).parent))
            self.export_to(Path(chosen), form)

    def _show_state(self) -> None:
        is_running = self._task.is_running
        self.bar.setVisible(is_running)
        self.left.setVisible(is_running)
        self.left.clear()
        self.cancel_button.setEnabled(is_running)
        self.copy_button.setEnabled(bool(self.model.ports) or self._end is not None)
        self.json_button.setEnabled(self._end is not None)
        self.export_button.setEnabled(self._end is not None)


def _document(end: ScanEnd) -> dict[str, Any]:
    return scan_document(end.report, end.comparison, end.remarks)


def _table(model: ScanModel) -> QTableView:
    table = QTableView()
    table.setAccessibleName(_("Open ports"))
    table.setModel(model)
    table.setFont(tabular_font(table.font()))
    set_cell_delegates(table, NUMBER_COLUMNS)
    table.setSortingEnabled(True)
    table.sortByColumn(0, Qt.SortOrder.AscendingOrder)
    table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    table.setTabKeyNavigation(False)
    table.setShowGrid(False)
    table.setWordWrap(False)
    table.setCornerButtonEnabled(False)
    table.setToolTip(_("Enter or double-click asks the port in detail."))
    table.verticalHeader().hide()
    table.verticalHeader().setDefaultSectionSize(table.fontMetrics().height() + 8)
    header = table.horizontalHeader()
    header.setStretchLastSection(True)
    header.setHighlightSections(False)
    header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
    for column, width in enumerate(_WIDTHS):
        table.setColumnWidth(column, width)
    return table
