"""What netsh prints about http.sys, in any language: only the shape of its lines counts. Pure."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from itertools import zip_longest

from portview.domain.owners.http_sys import HttpRegistration, HttpReservation

_LARGEST_PORT = 65535
_LARGEST_PID = 2**32 - 1
_SCHEME_PORTS = {"http": 80, "https": 443}

_URL = re.compile(
    r"(?P<scheme>https?)://(?P<host>\[[0-9a-f:.%]+\]|[^\s:/?#\[\]]+)(?::(?P<port>[0-9]{1,5}))?"
    # IIS puts the address of a binding behind the port once more.
    r"(?::[^\s/]*)?(?:/\S*)?",
    re.IGNORECASE,
)
_BARE_NUMBER = re.compile(r"[0-9]{1,10}")
_SEPARATOR = r"\s*[:\uff1a]\s*"
_LABEL = r"[^:\uff1a]*[^:\uff1a\s]"
_PROCESS = re.compile(rf"[^:\uff1a,]{{1,30}}{_SEPARATOR}(?P<pid>[0-9]{{1,10}})\s*[,\uff0c\u3001].*")
_VERSION = re.compile(rf"{_LABEL}{_SEPARATOR}[0-9]\.[0-9]")
_LABELLED = re.compile(rf"(?P<label>{_LABEL}){_SEPARATOR}(?P<value>.*)")
_OPAQUE_ID = re.compile(r"[0-9A-Fa-f]{16}")
_UNNAMED_ENDS = (".", "\u3002", "\uff61")


@dataclass(slots=True)
class _Block:
    """A request queue or a server session, from its heading to the next one."""

    name: str
    is_session: bool
    pids: list[int] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    urls: list[tuple[str, int]] = field(default_factory=list)
    named: dict[str, set[str]] = field(default_factory=dict)
    sections: int = 0
    """How many labels with nothing behind them there were: the first stands over the processes."""

    def controller(self) -> int | None:
        """Return the process that starts those of the queue, where one is reported.

        The last numbers before the processes are how many there are and, for IIS, that process.
        """
        if len(self.numbers) < 2:  # noqa: PLR2004 - the two numbers above
            return None
        count, last = self.numbers[-2:]
        return last if last != len(self.pids) and count == len(self.pids) else None


def parse_service_state(text: str) -> tuple[HttpRegistration, ...]:
    """Parse ``netsh http show servicestate`` in either view, whole or cut.

    A heading is the line before a version. A heading that names an opaque number is a server
    session, every other one a request queue. Addresses belong to the queue that they stand under;
    where they stand under a session, only the name of a queue ties them to one.
    """
    blocks = _blocks(text)
    queues = [block for block in blocks if not block.is_session]
    how_often = Counter(queue.name for queue in queues)
    named = {queue.name: queue for queue in queues if _is_name(queue.name, how_often)}
    found: dict[str, HttpRegistration] = {}
    for queue in queues:
        for url, port in queue.urls:
            found[url] = _registration(url, port, queue, named)
    for session in (block for block in blocks if block.is_session):
        for url, port in session.urls:
            ties = [named[name] for name in session.named[url] if name in named]
            if url not in found:
                tied = ties[0] if len(ties) == 1 else None
                found[url] = _registration(url, port, tied, named)
    return tuple(found.values())


def parse_url_reservations(text: str) -> tuple[HttpReservation, ...]:
    """Parse ``netsh http show urlacl``.

    An address stands behind a label; the users stand below it, each further to the left than what
    is informed of them.
    """
    found: list[HttpReservation] = []
    depth: int | None = None
    for line in text.splitlines():
        words = line.strip()
        match = _LABELLED.fullmatch(words)
        if match is None:
            continue
        url = _URL.fullmatch(match["value"].strip())
        if url is not None:
            port = _port(url)
            if port is not None:
                found.append(HttpReservation(url[0], port))
                depth = None
            continue
        indent = len(line) - len(line.lstrip())
        depth = indent if depth is None else depth
        if found and indent == depth and match["value"].strip():
            last = found[-1]
            user = match["value"].strip()
            found[-1] = HttpReservation(last.url, last.port, (*last.users, user))
    return tuple(found)


def _registration(
    url: str, port: int, queue: _Block | None, named: dict[str, _Block]
) -> HttpRegistration:
    if queue is None:
        return HttpRegistration(url, port)
    name = queue.name if queue.name in named else None
    pids = tuple(dict.fromkeys(queue.pids))
    return HttpRegistration(url, port, pids, name, queue.controller())


def _blocks(text: str) -> list[_Block]:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    blocks = [_Block("", is_session=False)]
    starts_with_session: bool | None = None
    group: set[str] = set()
    for line, following in zip_longest(lines, lines[1:], fillvalue=""):
        if _VERSION.fullmatch(following) and (heading := _LABELLED.fullmatch(line)):
            value = heading["value"].strip()
            is_session = bool(_OPAQUE_ID.fullmatch(value))
            if starts_with_session is None:
                starts_with_session = is_session
            # In the view by queues a session stands inside of its queue, and opens nothing.
            if starts_with_session or not is_session:
                blocks.append(_Block(value, is_session))
            group = set()
            continue
        _take(blocks[-1], line, group)
    return blocks


def _take(block: _Block, line: str, group: set[str]) -> None:
    url = _URL.fullmatch(line)
    if url is not None:
        port = _port(url)
        if port is not None:
            block.urls.append((url[0], port))
            block.named[url[0]] = set(group)
        return
    if block.sections == 1 and (pid := _pid(line)) is not None:
        block.pids.append(pid)
        return
    match = _LABELLED.fullmatch(line)
    if match is None:
        return
    value = match["value"].strip()
    if not value:
        block.sections += 1
    elif _OPAQUE_ID.fullmatch(value):
        group.clear()
    elif not block.sections and _BARE_NUMBER.fullmatch(value):
        block.numbers.append(int(value))
    else:
        group.add(value)


def _pid(line: str) -> int | None:
    process = _PROCESS.fullmatch(line)
    digits = process["pid"] if process else line
    if not _BARE_NUMBER.fullmatch(digits):
        return None
    return int(digits) if int(digits) <= _LARGEST_PID else None


def _is_name(name: str, how_often: Counter[str]) -> bool:
    """Distinguish a name from the sentence that stands in for one, which every such queue has."""
    return bool(name) and how_often[name] == 1 and not name.endswith(_UNNAMED_ENDS)


def _port(url: re.Match[str]) -> int | None:
    port = int(url["port"] or _SCHEME_PORTS[url["scheme"].lower()])
    return port if 0 < port <= _LARGEST_PORT else None
