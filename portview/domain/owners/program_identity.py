"""What a process was recognised as: plain values. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from portview.domain.owners.container import Container


class Ancestor(NamedTuple):
    """A process that another one comes from. Its name is untrusted, empty where unreadable."""

    pid: int
    name: str


@dataclass(frozen=True, slots=True)
class ProgramIdentity:
    """What one process is.

    ``what`` and ``project`` are one inert line of at most 160 characters, empty where nothing is
    known. ``sources`` says from what they were read. ``ancestors`` are true ones, the nearest
    first. ``master`` is the key of the topmost process of the same program that a worker works
    for. ``published`` are the containers behind the ports that a relay process holds, ``services``
    the display names of the services that the process hosts.
    """

    what: str = ""
    project: str = ""
    container: Container | None = None
    ancestors: tuple[Ancestor, ...] = ()
    sources: tuple[str, ...] = ()
    master: tuple[int, int] | None = None
    published: Mapping[tuple[str, int], Container] = field(default_factory=dict, hash=False)
    services: Mapping[str, str] = field(default_factory=dict, hash=False)
