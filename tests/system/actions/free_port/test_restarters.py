"""Real supervisors: who would start a server again is told before anything is done."""

from __future__ import annotations

import shutil
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from portview.actions.free_port.execute import free_port, inspect_port
from portview.actions.free_port.restart_words import restart_sentences
from portview.actions.port_usage import FreeRequest
from portview.domain.errors import Outcome
from tests.system.actions.conftest import SERVER, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.system.actions.conftest import Server

pytestmark = pytest.mark.linux_only("supervisors of Linux")

POLITE = f"{sys.executable} {SERVER} polite"


@contextmanager
def running(*command: str, folder: Path) -> Iterator[int]:
    """Run a supervisor whose server writes its first line to a file, and yield the port."""
    assert shutil.which(command[0]), f"{command[0]} is missing; dev.py test installs it"
    out = folder / "out"
    supervisor = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: out.exists() and "port" in out.read_text("utf-8"))
        yield int(out.read_text("utf-8").split('"port": ')[1].split(",")[0].rstrip("}\n"))
    finally:
        supervisor.terminate()
        supervisor.wait(20)


def sentences(port: int) -> tuple[str, ...]:
    return restart_sentences(inspect_port(FreeRequest(port)).steps)


@pytest.mark.skipif(not shutil.which("supervisord"), reason="its package would start a service")
def test_supervisord_is_told_with_the_command_that_stops_both(tmp_path: Path) -> None:
    config = tmp_path / "supervisord.conf"
    config.write_text(
        f"[supervisord]\nnodaemon=true\nlogfile={tmp_path}/log\npidfile={tmp_path}/pid\n"
        f"[program:shop]\ncommand={POLITE}\nstdout_logfile={tmp_path}/out\n",
        "utf-8",
    )
    with running("supervisord", "-c", str(config), folder=tmp_path) as port:
        (sentence,) = sentences(port)
        assert "supervisord (PID" in sentence
        assert "starts it again when it ends" in sentence
        assert sentence.endswith("supervisorctl stop shop")


def test_runit_is_told_with_the_command_that_stops_both(tmp_path: Path) -> None:
    service = tmp_path / "shop"
    service.mkdir()
    (service / "run").write_text(f"#!/bin/sh\nexec {POLITE} > {tmp_path}/out\n", "utf-8")
    (service / "run").chmod(0o755)
    with running("runsv", str(service), folder=tmp_path) as port:
        (sentence,) = sentences(port)
        assert "runsv (PID" in sentence
        assert sentence.endswith(f"sv down {service}")


@pytest.mark.parametrize("between", ["", "timeout 100 "], ids=["straight", "below a starter"])
def test_a_shell_that_sleeps_between_its_starts_is_told(tmp_path: Path, between: str) -> None:
    """It takes seconds until the server is back: only before the act can it be known."""
    loop = f"while :; do {between}{POLITE} > {tmp_path}/out; sleep 5; done"
    with running("sh", "-c", loop, folder=tmp_path) as port:
        (sentence,) = sentences(port)
        assert "started it, still runs, and may start it again." in sentence
        report = free_port(inspect_port(FreeRequest(port)), watch_s=0)
        assert report.outcome is Outcome.DONE
        assert "may start it again" in report.next_step


def test_who_began_the_session_is_told_where_the_parent_has_ended(tmp_path: Path) -> None:
    """The shell starts its server through a process that ends at once."""
    script = tmp_path / "keeps_it_up"
    script.write_text(
        f"#!/bin/sh\n( {POLITE} > {tmp_path}/out & )\nwhile :; do sleep 1; done\n", "utf-8"
    )
    with running("setsid", "sh", str(script), folder=tmp_path) as port:
        plan = inspect_port(FreeRequest(port))
        (holder,) = (step.process for step in plan.steps if step.process)
        parent = holder.shown_parent
        assert parent is None or parent.name != "sh"
        (sentence,) = restart_sentences(plan.steps)
        assert sentence.startswith("sh (PID ")
        assert "may start it again" in sentence
        free_port(plan, watch_s=0)


def test_any_other_parent_is_told_as_one_that_may(serve: Callable[..., Server]) -> None:
    supervisor = serve("supervised")
    supervisor.hear()
    (sentence,) = sentences(supervisor.port)
    assert f"(PID {supervisor.pid}) started it, still runs, and may start it again." in sentence
    assert f"portview end {supervisor.pid} --started" in sentence


def test_after_the_act_it_is_told_again_for_who_waits_longer(serve: Callable[..., Server]) -> None:
    supervisor = serve("slowly_supervised")
    supervisor.hear()
    report = free_port(inspect_port(FreeRequest(supervisor.port)), watch_s=0)
    assert report.outcome is Outcome.DONE
    assert f"(PID {supervisor.pid})" in report.next_step
    assert "may start it again" in report.next_step


def test_many_workers_of_one_parent_make_one_sentence(serve: Callable[..., Server]) -> None:
    parent = serve("supervised_workers")
    plan = inspect_port(FreeRequest(parent.port))
    assert len(plan.steps) == 3
    (sentence,) = restart_sentences(plan.steps)
    assert f"(PID {parent.pid})" in sentence


def test_who_is_ended_as_well_is_not_named(serve: Callable[..., Server]) -> None:
    parent = serve("workers")
    plan = inspect_port(FreeRequest(parent.port))
    assert len(plan.steps) == 4
    assert restart_sentences(plan.steps) == ()


def test_a_server_that_nobody_watches_brings_no_sentence(serve: Callable[..., Server]) -> None:
    """Its parent here runs PortView as well, and would end with it."""
    assert sentences(serve("polite").port) == ()
