"""Facts of made-up machines, for causes that are asked without a machine."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from portview.diagnosis.answer import Answer, diagnose
from portview.diagnosis.facts import DiagnosisQuestion, Facts, PortSocket, Reading, Self
from portview.domain.facts import Absent, Known, Remedy, Unreadable
from portview.domain.owners.process import ProcessInfo, ProcessKey
from portview.domain.pasted_error import parse_pasted_error
from portview.domain.sockets.port_ranges import PortRange, PortRanges
from portview.domain.sockets.socket_row import Family, Protocol, State
from portview.probes.server_bind import ServerBind
from portview.readers.interfaces import InterfaceAddress

EADDRINUSE, EACCES, EADDRNOTAVAIL, EPERM = 98, 13, 99, 1
WSAEADDRINUSE, WSAEACCES = 10048, 10013

UNREADABLE = Reading(Unreadable("access is denied", Remedy.ADMINISTRATOR), "a test")
NONE = Reading(Absent(), "a test")

LAN = InterfaceAddress("192.168.1.20", Family.IPV4, "eth0")
LAN_IPV6 = InterfaceAddress("2001:db8::20", Family.IPV6, "eth0")
LOOPBACK = InterfaceAddress("127.0.0.1", Family.IPV4, "lo")


def known(value: Any) -> Reading[Any]:
    return Reading(Known(value), "a test")


def process(name: str = "node", pid: int = 4242, **fields: Any) -> ProcessInfo:
    return ProcessInfo(ProcessKey(pid, 1_700_000_000_000), name=name, **fields)


def listener(address: str = "0.0.0.0", **fields: Any) -> PortSocket:  # noqa: S104
    family = Family.IPV6 if ":" in address else Family.IPV4
    fields.setdefault("owners", (process(),))
    fields.setdefault("user", "dev")
    fields.setdefault("is_mine", True)
    fields.setdefault("token", 7)
    fields.setdefault("pid", fields["owners"][0].pid if fields["owners"] else None)
    if family is Family.IPV6:
        fields.setdefault("is_v6_only", False)
    return PortSocket(family, fields.pop("state", State.LISTEN), address, **fields)


def binds(ipv4: int | None = None, ipv6: int | None = None, plain: int | None = None) -> Any:
    def one(address: str, family: Family, code: int | None) -> ServerBind:
        return ServerBind(address, family, code, code if plain is None else plain)

    return known(
        (one("0.0.0.0", Family.IPV4, ipv4), one("::", Family.IPV6, ipv6))  # noqa: S104
    )


def bind_at(address: str, code: int | None, plain: int | None = None) -> Any:
    family = Family.IPV6 if ":" in address else Family.IPV4
    return known((ServerBind(address, family, code, code if plain is None else plain),))


def facts(platform: str = "linux", port: int = 8080, **fields: Any) -> Facts:
    """A machine with one network card where the port is free, but for what is said otherwise."""
    question = DiagnosisQuestion(
        port,
        fields.pop("protocol", Protocol.TCP),
        fields.pop("address", None),
        parse_pasted_error(text) if (text := fields.pop("text", "")) else None,
    )
    dynamic = PortRange(49152, 65535) if platform == "win32" else PortRange(32768, 60999)
    usual = Facts(
        question,
        platform,
        Self("dev"),
        sockets=known(()),
        lists_bound=known(value=True),
        binds=binds(),
        any_port_code=NONE,
        control_code=NONE,
        ranges=known(PortRanges(dynamic)),
        ranges_ipv6=known(PortRanges(dynamic)),
        privileged_floor=known(1024),
        may_bind_privileged=known(value=False),
        selinux_enforcing=NONE,
        addresses=known((LOOPBACK, LAN)),
        ipv6_off=known(value=False),
        owners=known({}),
        foreign=NONE,
        firewall=NONE,
        destinations=known({}),
        shadowed_address=NONE,
        replies=NONE,
        proxies=NONE,
        port_proxies=NONE,
        http_sys=NONE,
        url_reservations=NONE,
        wsl_mode=NONE,
        free_port=known(port + 1),
    )
    sockets = fields.pop("sockets", None)
    if sockets is not None:
        fields["sockets"] = sockets if isinstance(sockets, Reading) else known(tuple(sockets))
    return replace(usual, **fields)


def certainties(answer: Answer) -> dict[str, str]:
    return {one.code: one.certainty.value for one in answer.causes}


def proved(some: Facts) -> set[str]:
    """The codes of what is proved."""
    return {
        code for code, certainty in certainties(diagnose(some)).items() if certainty == "proved"
    }


def told(some: Facts) -> dict[str, str]:
    return certainties(diagnose(some))


def open_questions(some: Facts) -> set[str]:
    return {one.code for one in diagnose(some).cannot_tell}


def excluded(some: Facts) -> set[str]:
    return {one.code for one in diagnose(some).ruled_out}
