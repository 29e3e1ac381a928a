"""Somebody listens, but in another network namespace: no conflict, and no client comes there."""

from __future__ import annotations

from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING

from portview.diagnosis.causes.holding import of_code
from portview.diagnosis.finding import Certainty, Evidence, Finding, Fix, Harm, Side, cannot_tell
from portview.diagnosis.fixes import use_another_port
from portview.diagnosis.wording import bind_evidence, socket_evidence
from portview.i18n import _

if TYPE_CHECKING:
    from portview.diagnosis.facts import Facts
    from portview.readers.linux.other_namespaces import ForeignListener


def holder_in_other_namespace(facts: Facts) -> Finding | None:
    """Detect that the holder is in a PID namespace around this one and has no name here."""
    found = of_code(facts, "other_namespace")
    if not found:
        return None
    return Finding(
        "other_namespace",
        Side.BIND,
        Certainty.PROVED,
        _(
            "A process outside of this container has {port}; from inside it can't be identified."
        ).format(port=facts.question.name),
        (*socket_evidence(facts, found), *bind_evidence(facts)),
        (*use_another_port(facts), Fix(_("Check again on the host, outside of the container."))),
    )


def other_namespace(facts: Facts) -> Finding | None:
    """Detect that a program listens on the same number in another network namespace."""
    found = [one for one in facts.foreign.value or () if not _is_container(one, facts)]
    if facts.listeners:
        return None
    if not found:
        return _unreadable(facts)
    return Finding(
        "other_namespace",
        Side.REACH,
        Certainty.LIKELY,
        _(
            "PID {pid} listens on {port} in another network namespace: that is neither in the way "
            "here nor reached from here."
        ).format(pid=found[0].resident, port=facts.question.name),
        _evidence(facts, found),
        (_look_inside(found[0]),),
    )


def container_network_only(facts: Facts) -> Finding | None:
    """Detect that a program listens inside a container, and nothing publishes the port."""
    found = [one for one in facts.foreign.value or () if _is_container(one, facts)]
    if not found or facts.listeners or facts.redirections:
        return None
    where = (
        _("only on the container's own loopback address")
        if all(one.is_loopback_only for one in found)
        else _("and the port is not published")
    )
    return Finding(
        "container_network_only",
        Side.REACH,
        Certainty.LIKELY,
        _("A container (PID {pid}) listens on {port} inside, {where}.").format(
            pid=found[0].resident, port=facts.question.name, where=where
        ),
        _evidence(facts, found),
        (
            Fix(
                _("Publish the port when the container is started."),
                ("docker", "run", "-p", f"{facts.port}:{facts.port}", "IMAGE"),
                harm=Harm.LITTLE,
                harm_words=_("The container is started again."),
            ),
            _look_inside(found[0]),
        ),
    )


def _is_container(one: ForeignListener, facts: Facts) -> bool:
    """Return whether a runtime of containers says so, or its network is that of containers here."""
    if one.is_container:
        return True
    networks = [
        ip_network(own.network)
        for own in facts.addresses.value or ()
        if own.is_internal and own.network
    ]
    return any(ip_address(address) in network for network in networks for address in one.addresses)


def _unreadable(facts: Facts) -> Finding | None:
    if facts.foreign.problem is None or facts.platform != "linux":
        return None
    error = facts.question.error
    if error is None or not error.is_about_connecting:
        return None  # another namespace is in no server's way
    return cannot_tell(
        "other_namespace",
        Side.REACH,
        _(
            "Whether a program listens on {port} in another "
            "network namespace can't be determined: {reason}."
        ).format(port=facts.question.name, reason=facts.foreign.problem.reason),
        _("Administrator rights."),
    )


def _evidence(facts: Facts, found: list[ForeignListener]) -> tuple[Evidence, ...]:
    return tuple(
        Evidence(
            _("Network namespace {number}").format(number=one.namespace),
            _("PID {pid} listens").format(pid=one.resident),
            facts.foreign.source,
        )
        for one in found[:3]
    )


def _look_inside(one: ForeignListener) -> Fix:
    return Fix(
        _("See what listens in there."),
        ("nsenter", "-t", str(one.resident), "-n", "ss", "-tulnp"),
        needs_admin=True,
    )


CAUSES = (holder_in_other_namespace, other_namespace, container_network_only)
