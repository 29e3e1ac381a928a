"""Explain a port that the Windows kernel holds by who has http.sys serve there."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING

from portview.actions.safety.refusals import KERNEL_CODE, Refusal
from portview.command_name import command_line
from portview.domain.facts import Unreadable, known_or
from portview.domain.json_schema import iso_time
from portview.domain.owners.http_sys import describe_registrations
from portview.domain.owners.system_owners import WINDOWS_SYSTEM_PIDS, may_be_http_sys
from portview.domain.plain_text import inert
from portview.i18n import _, join_list
from portview.readers.windows.http_sys import read_http_port_use

if TYPE_CHECKING:
    from collections.abc import Callable

    from portview.actions.free_port.plan import FreePlan
    from portview.domain.owners.http_sys import HttpPortUse


def explain_http_sys(
    plan: FreePlan,
    read: Callable[[int], HttpPortUse] = read_http_port_use,
    platform: str = sys.platform,
) -> FreePlan:
    """Return a plan with whom each kernel holder serves; ask only if there is one."""
    if not any(_is_of_kernel(step.refusal) for step in plan.steps):
        return plan
    rows = [row for step in plan.steps for row in step.sockets]
    if not any(may_be_http_sys(row, platform) for row in rows):
        return plan
    reason = http_sys_refusal(read(plan.request.port))
    return replace(
        plan,
        steps=tuple(
            replace(step, refusal=reason) if _is_of_kernel(step.refusal) else step
            for step in plan.steps
        ),
    )


def http_sys_refusal(use: HttpPortUse) -> Refusal:
    """Return why a port that http.sys may hold is left alone, and what to do instead."""
    said = describe_registrations(use)
    if use.problem:
        return Refusal(
            KERNEL_CODE,
            _(
                "The Windows kernel itself holds this, most likely http.sys, its web server. {said}"
            ).format(said=said),
            _(
                "See it in a terminal that was opened as administrator: netsh "
                "http show servicestate view=requestq"
            ),
        )
    if not use.registrations:
        return Refusal(
            KERNEL_CODE,
            _("The Windows kernel itself holds this, for one of its drivers. {said}").format(
                said=said
            ),
            _("Give your own program another port."),
        )
    return Refusal(
        "http_sys",
        _("The web server in the Windows kernel, http.sys, holds this. {said}").format(said=said),
        _advice(use),
    )


def _advice(use: HttpPortUse) -> str:
    for registrant in use.registrants:
        services = known_or(registrant.services, ())
        if len(services) == 1:
            name = inert(services[0].name)
            command = command_line("service", "stop", name)
            return _("Stop the service that registered it: {command}").format(command=command)
    for registrant in use.registrants:
        services = known_or(registrant.services, ())
        if services:
            names = join_list(inert(service.name) for service in services)
            return _("Stop the service that registered it, one of {names}.").format(names=names)
        if isinstance(registrant.services, Unreadable):
            return _(
                "PID {pid} registered it and may run a service: {reason}. "
                "Try again as administrator."
            ).format(pid=registrant.pid, reason=registrant.services.reason)
        if registrant.info is not None and registrant.pid not in WINDOWS_SYSTEM_PIDS:
            started = iso_time(registrant.info.key.started_ms) or "TIME"
            command = command_line("end", str(registrant.pid), "--started", started)
            return _("Close the program that registered it: {command}").format(command=command)
    return _("Stop the program that registered it, or give your own program another port.")


def _is_of_kernel(refusal: Refusal | None) -> bool:
    return refusal is not None and refusal.code == KERNEL_CODE
