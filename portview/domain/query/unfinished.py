"""A filter while it is typed: the port at its end may go on; whatever it may become fits. Pure."""

from __future__ import annotations

import re

_PORT_AT_END = re.compile(r"((?:^|[\s(])-?(?:port|rport|lport):)(\d{1,4})$", re.IGNORECASE)
_MAX_PORT = 65535


def with_unfinished_port(text: str) -> str:
    """Return the query with the ports that begin as the one at its end does.

    ``port:80`` becomes ``port:80,800-809,8000-8099``, for somebody on the way to 8080. What doesn't
    end in a port, or in a whole one, stays as it is.
    """
    match = _PORT_AT_END.search(text)
    if match is None or match[2].startswith("0"):
        return text
    spans = [match[2]]
    first, width = int(match[2]) * 10, 10
    while first <= _MAX_PORT:
        spans.append(f"{first}-{min(first + width - 1, _MAX_PORT)}")
        first, width = first * 10, width * 10
    return f"{text[: match.start()]}{match[1]}{','.join(spans)}"
