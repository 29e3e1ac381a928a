"""How a console program of Windows can be asked to close without anybody else hearing it. Pure.

GenerateConsoleCtrlEvent reaches a process group, or everything in a console. CTRL_C can't be sent
to a single group (its documentation); a group of its own gets CTRL_BREAK.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from portview.actions.safety.process_facts import CloseMethod
from portview.domain.plain_text import inert
from portview.i18n import _
from portview.readers.restarters import is_typed_in, only_starts_one

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from portview.domain.owners.process import ProcessInfo

_LONGEST_NAME = 80


class ConsoleChoice(NamedTuple):
    """The way to ask, with the processes in the console by which it was chosen.

    ``reason`` says in a sentence why there is no way, where ``method`` is NONE.
    """

    method: CloseMethod
    attached: frozenset[int] = frozenset()
    reason: str = ""


class ConsoleWorld(NamedTuple):
    """What is known about a process and its console.

    ``attached`` are the processes in the console, ``ancestors`` those of the process, the nearest
    first, ``descendants`` what runs under it, ``own`` PortView and what that runs under. ``names``
    are those of whoever else is in the console, as far as they could be read.
    """

    pid: int
    attached: frozenset[int]
    ancestors: Sequence[ProcessInfo] = ()
    descendants: Collection[int] = ()
    own: Collection[int] = ()
    leads_group: bool = False
    names: Mapping[int, str] = MappingProxyType({})


def choose_console_method(world: ConsoleWorld) -> ConsoleChoice:
    """Choose the gentlest event that reaches this process and nobody who does not belong to it.

    GROUP: CTRL_BREAK to the group that it leads. CONSOLE: CTRL_BREAK to a console that is its own.
    INTERRUPT: CTRL_C, as if pressed in the terminal, where beside it there are only a shell that
    somebody types in, which ignores it, and what started this one process and ends with it.
    """
    attached = world.attached
    if world.pid not in attached:
        return ConsoleChoice(
            CloseMethod.NONE,
            reason=_("It has neither a window nor a console, so it can't be asked to close."),
        )
    if world.leads_group:
        return ConsoleChoice(CloseMethod.GROUP, attached)
    others = attached - {world.pid} - set(world.descendants)
    if not others:
        return ConsoleChoice(CloseMethod.CONSOLE, attached)
    if others & set(world.own):
        return ConsoleChoice(
            CloseMethod.NONE,
            attached,
            _("It shares its console with PortView, which CTRL+C would reach as well."),
        )
    by_pid = {info.pid: info for info in world.ancestors}
    for pid in sorted(others):
        info = by_pid.get(pid)
        if info is not None and (is_typed_in(info) or only_starts_one(info)):
            continue
        known = (info.name if info else None) or world.names.get(pid)
        name = inert(known or _("another program"), _LONGEST_NAME)
        return ConsoleChoice(
            CloseMethod.NONE,
            attached,
            _(
                "It shares its console with {name} (PID {pid}), which CTRL+C would reach as well."
            ).format(name=name, pid=pid),
        )
    return ConsoleChoice(CloseMethod.INTERRUPT, attached)
