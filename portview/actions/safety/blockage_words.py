"""What a person is informed of a process that signals do not reach. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portview.domain.facts import Known
from portview.domain.owners.blockage import BlockageKind
from portview.domain.plain_text import inert
from portview.i18n import _

if TYPE_CHECKING:
    from portview.domain.facts import Fact
    from portview.domain.owners.blockage import Blockage

_LONGEST = 200


def blockage_sentence(fact: Fact[Blockage]) -> str:
    """Return what holds a process up, before anything is done; empty where nothing is known to."""
    if not isinstance(fact, Known):
        return ""
    blockage = fact.value
    if blockage.kind is BlockageKind.UNINTERRUPTIBLE:
        return _(
            "It waits inside the kernel{where} (state D), most likely for a disk or a network "
            "drive: it may not react to a signal, not even to SIGKILL, until that wait is over."
        ).format(where=_where(blockage))
    if blockage.even_kill_waits:
        return _(
            "It is frozen by the control group {group}: SIGTERM and SIGKILL stay pending, and end "
            "it only when it is thawed. To thaw it: {thaw}"
        ).format(**_named(blockage))
    return _(
        "It is frozen by the control group {group}: it can't react to SIGTERM until it is thawed, "
        "and is then ended by SIGKILL. To thaw it: {thaw}"
    ).format(**_named(blockage))


def pending_sentence(fact: Fact[Blockage]) -> str:
    """Return why a process still runs after SIGKILL, and what would let it end."""
    if isinstance(fact, Known) and fact.value.kind is BlockageKind.FROZEN:
        return _(
            "A kill is pending: it is frozen by the control group {group}, and ends as soon as it "
            "is thawed. To thaw it: {thaw}"
        ).format(**_named(fact.value))
    if isinstance(fact, Known):
        return _(
            "A kill is pending: it waits inside the kernel{where} (state D), most likely for a "
            "disk or a network drive, and ends when that wait is over."
        ).format(where=_where(fact.value))
    return _("A kill is pending; it ends when the kernel has cleaned it up.")


def thaw_words(blockage: Blockage) -> str:
    """Return what releases a frozen process."""
    return _("To thaw it: {thaw}").format(thaw=_named(blockage)["thaw"])


def _where(blockage: Blockage) -> str:
    return f" ({inert(blockage.waits_in, 60)})" if blockage.waits_in else ""


def _named(blockage: Blockage) -> dict[str, str]:
    return {"group": inert(blockage.group, _LONGEST), "thaw": inert(blockage.thaw, _LONGEST)}
