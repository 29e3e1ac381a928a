"""With which rights a process runs, as far as another one could be started with the same. Pure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ProcessRights:
    """Who a process runs as and what it may do.

    ``user_id`` is the user ID (one for real, effective and saved alike) or the SID. ``level`` is
    the set of permitted capabilities in hexadecimal digits, or the integrity level (its RID);
    ``is_privileged`` whether that is more than an ordinary program has. ``group_id`` and ``groups``
    are those of Linux. ``namespaces`` and ``label`` (a security module's) say whether a path and a
    permission mean the same to it as to others; both are empty where there is no such thing.
    """

    user_id: str
    level: str
    is_privileged: bool
    group_id: int | None = None
    groups: tuple[int, ...] = ()
    namespaces: tuple[str, ...] = ()
    label: str = ""
