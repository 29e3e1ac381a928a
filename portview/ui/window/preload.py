"""Loads what a person is likely to want next, while nobody waits for anything."""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Slot

if TYPE_CHECKING:
    from collections.abc import Iterable

_PAUSE_MS = 60
"""Between two steps, so that a click or a tick that comes meanwhile is answered first."""

NEXT_WANTED = (
    # The details of the row that is chosen first, from the bottom up.
    "portview.domain.owners.process_details",
    "portview.ui.details.facts_form",
    "portview.ui.details.socket_list",
    "portview.ui.details.owner_page",
    "portview.domain.sockets.series",
    "portview.ui.details.traffic_page",
    "portview.domain.firewall",
    "portview.ui.widgets.result_view",
    "portview.ui.firewall.firewall_text",
    "portview.ui.firewall.firewall_page",
    # The first word in the filter, and the first port that is gone to.
    "portview.domain.query.terms",
    "portview.domain.query.syntax",
    "portview.domain.query.compiling",
    "portview.domain.query.completion",
    "portview.domain.user_input.port_query",
    # The sockets by process.
    "portview.models.process_groups",
    "portview.models.process_tree_model",
    "portview.ui.table.process_tree",
    # Ending a process, freeing a port.
    "portview.domain.owners.service",
    "portview.domain.verdicts",
    "portview.domain.sockets.port_ranges",
    "portview.readers.port_ranges",
    "portview.readers.running_processes",
    "portview.readers.services",
    "portview.readers.windows.http_sys",
    "portview.probes.bind_places",
    "portview.probes.bind_users",
    "portview.probes.redirected",
    "portview.readers.socket_table",
    "portview.probes.bind",
    "portview.firewall.destination",
    "portview.actions.port_destinations",
    "portview.readers.restarters",
    "portview.readers.process_rights",
    "portview.readers.linux.program_origin",
    "portview.actions.safety.process_facts",
    "portview.readers.linux.blockage",
    "portview.actions.inspection.evidence",
    "portview.actions.safety.unknown_owners",
    "portview.actions.safety.stop_refusal",
    "portview.actions.free_port.plan",
    "portview.actions.port_usage",
    "portview.readers.windows.running_program",
    "portview.actions.process_handles.windows",
    "portview.actions.service_control.choose",
    "portview.actions.inspection.process_inspection",
    "portview.actions.inspection.verification",
    "portview.actions.stopping.stop",
    "portview.actions.services.change",
    "portview.actions.processes.suspend",
    "portview.actions.elevation.request",
    "portview.actions.elevation.client",
    "portview.actions.free_port.http_sys",
    "portview.actions.free_port.verify",
    "portview.actions.free_port.report",
    "portview.actions.free_port.execute",
    "portview.actions.firewall_rules.report",
    "portview.actions.port_settings.change",
    "portview.actions.confirmation.history",
    "portview.actions.free_port.elevated_holders",
    "portview.actions.confirmation.confirmation",
    "portview.actions.processes.end",
    "portview.actions.connections.close",
    "portview.actions.confirmation.actions",
    "portview.ui.confirm.confirm_dialog",
    "portview.ui.confirm.action_dialog",
    # Allowing a port in the firewall, and the rules made by PortView.
    "portview.actions.specs.rule_spec",
    "portview.actions.firewall_rules.verify",
    "portview.firewall.tag",
    "portview.actions.firewall_rules.plan",
    "portview.actions.firewall_rules.report_text",
    "portview.actions.firewall_rules.apply",
    "portview.actions.confirmation.firewall_confirmation",
    "portview.actions.confirmation.firewall_actions",
    "portview.ui.firewall.rule_form",
    "portview.ui.firewall.rule_dialog",
    "portview.ui.firewall.managed_rules_window",
)
"""Modules in the order in which they are loaded, one a step; not those that are large.

What brings HTTP, certificates or plots along is left out: most windows never need it.
"""


class Preloader(QObject):
    """Loads one module of ``NEXT_WANTED`` a step, so that laziness is no stall later. UI thread.

    Not on a thread: a click that wants a module which a thread is loading would wait for all of it.
    """

    def __init__(self, modules: Iterable[str] = NEXT_WANTED, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._modules = iter(modules)
        self._timer = QTimer(self)
        self._timer.setInterval(_PAUSE_MS)
        self._timer.timeout.connect(self._on_step)

    @Slot()
    def start(self) -> None:
        """Begin, or continue."""
        self._timer.start()

    def stop(self) -> None:
        """Load no more."""
        self._timer.stop()

    @Slot()
    def _on_step(self) -> None:
        name = next((each for each in self._modules if each not in sys.modules), None)
        if name is None:
            self._timer.stop()
        else:
            importlib.import_module(name)
