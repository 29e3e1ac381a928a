"""Hundreds of probes on the pool, and the window closed in the middle."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

from portview.domain.user_input.targets import Target
from portview.domain.verdicts import Verdict
from portview.engine.task_runner import Pool, TaskRunner
from portview.probes.tcp import ProbeReport, probe_tcp
from portview.probes.udp import probe_udp

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from portview.engine.task_runner import Work


def test_500_probes_come_back(qtbot: QtBot) -> None:
    runner = TaskRunner()
    reports: list[ProbeReport] = []
    with socket.create_server(("127.0.0.1", 0), backlog=1000) as server:
        target = Target("127.0.0.1", server.getsockname()[1])

        def work(work: Work[ProbeReport]) -> ProbeReport:
            return probe_tcp(target, tries=1, cancel=work.token, report=work.report)

        for _ in range(500):
            runner.run(work, pool=Pool.PROBES, on_done=reports.append)
        qtbot.waitUntil(lambda: len(reports) == 500, timeout=60_000)
    runner.shut_down()
    assert {report.verdict for report in reports} == {Verdict.OPEN}


def test_closing_while_500_probes_wait_leaves_nothing(qtbot: QtBot) -> None:
    runner = TaskRunner()
    reports: list[ProbeReport] = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        target = Target("127.0.0.1", silent.getsockname()[1])

        def work(work: Work[ProbeReport]) -> ProbeReport:
            return probe_udp(target, timeout_ms=3_600_000, cancel=work.token)

        tasks = [runner.run(work, pool=Pool.PROBES, on_done=reports.append) for _ in range(500)]
        silent.settimeout(30)
        silent.recv(100)
        runner.shut_down()
    assert not any(task.is_running for task in tasks)
    assert reports == []
