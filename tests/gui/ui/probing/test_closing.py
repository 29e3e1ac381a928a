"""The window closed in the middle of everything that it can ask."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portview.domain.sockets.entry import SocketEntry
from portview.domain.user_input.targets import Target
from portview.engine.task_runner import Pool
from portview.probes.tcp import probe_tcp
from portview.probes.udp import probe_udp
from portview.ui.probing.probe_question import ProbeKind
from tests.factories import row

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytestqt.qtbot import QtBot

    from portview.app import RunningWindow
    from portview.engine.task_runner import Work
    from portview.probes.tcp import ProbeReport


def test_500_probes_and_the_window_closed_in_the_middle(
    qtbot: QtBot,
    open_window: Callable[..., RunningWindow],
    listener: Callable[..., int],
    silent_udp: int,
) -> None:
    opened = open_window()
    open_target, silent_target = (
        Target("127.0.0.1", listener()),
        Target("127.0.0.1", silent_udp),
    )
    reports: list[ProbeReport] = []

    def quick(work: Work[ProbeReport]) -> ProbeReport:
        return probe_tcp(open_target, cancel=work.token, report=work.report)

    def slow(work: Work[ProbeReport]) -> ProbeReport:
        return probe_udp(silent_target, timeout_ms=3_600_000, cancel=work.token)

    tasks = [
        opened.runner.run(
            slow if number % 25 == 24 else quick, pool=Pool.PROBES, on_done=reports.append
        )
        for number in range(500)
    ]
    taken: list[object] = []
    opened.poller.snapshot_taken.connect(taken.append)
    qtbot.waitUntil(lambda: len(reports) > 20 and len(taken) > 0, timeout=60_000)
    assert any(task.is_running for task in tasks)
    opened.window.close()
    opened.close()
    assert not any(task.is_running for task in tasks)
    assert len(reports) < 500


def test_everything_under_way_ends_with_the_window(
    qtbot: QtBot, open_window: Callable[..., RunningWindow], silent_udp: int, free_port: int
) -> None:
    opened = open_window()
    tools = opened.window.probing
    probe = tools.probe_page
    probe.form._timeouts[ProbeKind.UDP].setText("1h")
    probe.open_for(ProbeKind.UDP, f"127.0.0.1:{silent_udp}")
    probe.ask()
    probe.form.choose(ProbeKind.TCP, f"127.0.0.1:{free_port}")
    probe.wait_button.click()
    scan = tools.scan_page
    scan.form.host.setText("127.0.0.1")
    scan.form.ports.setText("all")
    scan.form.rate.setText("20")
    scan.bring_up()
    scan.scan()
    qtbot.waitUntil(lambda: scan.bar.value() > 0, timeout=30_000)
    tools.test(SocketEntry(row(free_port)))
    tools.find_free_port(free_port)
    opened.window.close()
    opened.close()
    windows = (probe, scan, tools.connection_page, tools.pick_page)
    assert not any(window.isVisible() for window in windows)
    assert tools.waits.names == []
    assert opened.settings.get("scan_ports", str, "") == "all"
