"""What a process is to a person, as far as it was recognised. Pure."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from portview.domain.owners.program_identity import Ancestor, ProgramIdentity
from portview.domain.plain_text import inert
from portview.i18n import _

if TYPE_CHECKING:
    from portview.domain.owners.container import Container
    from portview.domain.owners.process import ProcessInfo
    from portview.domain.sockets.socket_row import SocketRow

_LONGEST_WHAT = 160
_LONGEST_NAME = 80
_MOST_SERVICES = 3
_LONGEST_CHAIN = 7


_NOTHING = ProgramIdentity()


def identity_of(info: ProcessInfo | None) -> ProgramIdentity:
    """Return what is known of a process, an empty identity where it was not asked for yet."""
    return _NOTHING if info is None or info.identity is None else info.identity


def container_of(row: SocketRow, info: ProcessInfo | None) -> Container | None:
    """Return the container that serves a socket: around its process, or behind a relay's port."""
    identity = identity_of(info)
    if identity.container is not None:
        return identity.container
    return identity.published.get((row.protocol, row.local.port))


def what_of(row: SocketRow, info: ProcessInfo | None) -> str:
    """Return the line that says what serves a socket; empty where it isn't known."""
    if row.kernel_use:
        return inert(_("Linux kernel: {use}").format(use=row.kernel_use), _LONGEST_WHAT)
    identity = identity_of(info)
    relayed = identity.published.get((row.protocol, row.local.port))
    if relayed is not None:
        # Loaded with the first container, not at the start.
        from portview.domain.owners.container import describe_container  # noqa: PLC0415

        return inert(
            _("{container}, published port").format(container=describe_container(relayed)),
            _LONGEST_WHAT,
        )
    if row.services and identity.services and info is not None:
        titles = [identity.services.get(name, name) for name in row.services[:_MOST_SERVICES]]
        host = (info.name or "").removesuffix(".exe")
        return inert(f"{host}: {', '.join(titles)}", _LONGEST_WHAT)
    return identity.what


def project_of(row: SocketRow, info: ProcessInfo | None) -> str:
    """Return the project that a socket belongs to; empty where it isn't known."""
    container = container_of(row, info)
    if container is not None and container.project:
        return inert(container.project, _LONGEST_WHAT)
    return identity_of(info).project


def container_name_of(row: SocketRow, info: ProcessInfo | None) -> str:
    """Return the name, or the short identifier, of the container that serves a socket."""
    container = container_of(row, info)
    return "" if container is None else inert(container.label, _LONGEST_NAME)


def describe_ancestors(ancestors: tuple[Ancestor, ...]) -> str:
    """Return the chain from the first process on: "systemd \u2192 sshd \u2192 bash \u2192 npm".

    Neighbours of one name count once, and the middle of a long chain is left out.
    """
    names = [
        inert(one.name, _LONGEST_NAME) or _("PID {pid}").format(pid=one.pid)
        for one in reversed(ancestors)
    ]
    names = [name for name, _same in groupby(names)]
    if len(names) > _LONGEST_CHAIN:
        names = [names[0], "\u2026", *names[2 - _LONGEST_CHAIN :]]
    return " \u2192 ".join(names)
