"""What watches.toml can say, as frozen and typed values. Times are in seconds. No I/O."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import Literal


class Expectation(enum.StrEnum):
    """What a watch expects; the value is the word in the file."""

    LISTENING = "listening"
    FREE = "free"
    HELD_BY = "held_by"
    TCP = "tcp"
    UDP = "udp"
    HTTP = "http"
    TLS = "tls"
    SERVICE = "service"
    NO_NEW_LISTENERS = "no_new_listeners"
    NOT_EXPOSED = "not_exposed"
    SOCKETS = "sockets"
    DYNAMIC_PORTS = "dynamic_ports"
    NOT_RESERVED = "not_reserved"
    RESOURCES = "resources"


class RepairKind(enum.StrEnum):
    """What a step of a repair does; the value is the key in the file."""

    RESTART_SERVICE = "restart_service"
    RUN = "run"
    FREE = "free"


@dataclass(frozen=True, slots=True)
class RepairStep:
    """One step of a repair. A step begins when the one before is used up."""

    kind: RepairKind
    service: str = ""
    command: tuple[str, ...] = ()
    """Program and arguments; never given to a shell."""
    program: str = ""
    """The program that a port may be freed from."""
    attempts: int = 1
    within_s: float = 3600.0
    backoff_s: float = 0.0
    settle_s: float = 5.0
    timeout_s: float = 30.0


@dataclass(frozen=True, slots=True)
class Watch:
    """One watch. ``port`` is None where the kind needs none."""

    name: str
    expect: Expectation
    port: int | None = None
    protocol: Literal["tcp", "udp"] = "tcp"
    address: str = ""
    host: str = ""
    url: str = ""
    program: str = ""
    service: str = ""
    state: str = ""
    """What a service is to be ("running"), or which sockets are counted ("CLOSE_WAIT")."""
    resource: Literal["processor", "memory"] = "processor"
    """What ``above`` is about: percent of one core, or MiB."""
    above: float | None = None
    days: float = 14.0
    status: tuple[int, ...] = ()
    contains: str = ""
    for_s: float = 0.0
    interval_s: float = 30.0
    timeout_s: float = 3.0
    retries: int = 0
    retry_interval_s: float = 5.0
    failures: int = 3
    successes: int = 2
    remind_s: float | None = None
    notify: tuple[str, ...] = ()
    baseline: tuple[str, ...] | None = None
    depends_on: tuple[str, ...] = ()
    maintenance: tuple[str, ...] = ()
    repair: tuple[RepairStep, ...] = ()
    even_if_held: bool = False
    is_enabled: bool = True


@dataclass(frozen=True, slots=True)
class Channel:
    """Where messages go. The URL is secret and never shown: only its name is."""

    name: str
    url: str = field(repr=False)
    rate_per_minute: int = 20
    language: str = ""
    """The language of its messages, such as "zh_CN"; "" for that of the program."""
    title: str = ""
    """A template for titles; "" for PortView's own."""
    text: str = ""
    """A template for what is said about one event; "" for PortView's own."""


@dataclass(frozen=True, slots=True)
class WatchRules:
    """Everything that watches.toml says."""

    watches: tuple[Watch, ...] = ()
    channels: tuple[Channel, ...] = ()
    group_wait_s: float = 10.0
    startup_grace_s: float = 10.0
    repairs: bool = True
    """The one switch that stops all repairs."""
    log_format: Literal["text", "json"] = "text"
    alertmanager_url: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class RuleProblem:
    """One mistake in the file. ``message`` is a sentence without the text of secrets."""

    line: int | None
    key: str
    message: str


DESKTOP = "desktop"
"""The channel that is always there: a notification on the person's desktop."""
