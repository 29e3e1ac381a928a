"""http.sys, the web server in the Windows kernel, serves addresses at the port."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portview.diagnosis.causes.holding import of_code
from portview.diagnosis.finding import (
    Certainty,
    Evidence,
    Finding,
    Fix,
    Harm,
    Side,
    cannot_tell,
    ruled_out,
)
from portview.diagnosis.fixes import use_another_port
from portview.diagnosis.remedies import Remediation, RemediationKind
from portview.diagnosis.wording import bind_evidence, socket_evidence
from portview.domain.facts import known_or
from portview.domain.owners.http_sys import describe_registrations
from portview.domain.plain_text import inert
from portview.i18n import _

if TYPE_CHECKING:
    from portview.diagnosis.facts import Facts

_KERNEL_PID = 4
KNOWN_URLS = (
    ("/WSMAN/", "WinRM"),
    ("/TEMPORARY_LISTEN_ADDRESSES/", "Windows Communication Foundation"),  # untranslated: a name
    ("/116B50EB-ECE2-41AC-8429-9F9E963361B7/", "PeerDistSvc"),
    ("/C574AC30-5794-4AEE-B1BB-6651C5315029/", "PeerDistSvc"),
    ("/REPORTSERVER", "ReportServer"),
    ("/REPORTS", "ReportServer"),
    ("/RDP/", "TermService"),
    ("/MSSQLSERVER", "MSSQLSERVER"),
    ("/WMPNSSV4/", "WMPNetworkSvc"),
)
"""Parts of well-known addresses and the service behind each."""
_CUTS_OFF = frozenset({"winrm", "termservice"})


def http_sys(facts: Facts) -> Finding | None:
    """Detect that a program has http.sys serve the port for it."""
    if facts.platform != "win32":
        return None
    kernel = tuple(one for one in facts.listeners if one.pid == _KERNEL_PID)
    use = facts.http_sys.value
    found = of_code(facts, "http_sys")
    if use is not None and use.registrations and found:
        services = _services(facts)
        return Finding(
            "http_sys",
            Side.BIND,
            Certainty.PROVED,
            _("The Windows kernel has {port}: {detail}").format(
                port=facts.question.name, detail=describe_registrations(use)
            ),
            (
                *(
                    Evidence(_("Registered address"), inert(one.url, 160), facts.http_sys.source)
                    for one in use.registrations[:4]
                ),
                *socket_evidence(facts, found),
                *bind_evidence(facts),
            ),
            (*use_another_port(facts), *(_stop(facts, name) for name in services)),
        )
    if not kernel:
        return ruled_out(
            "http_sys",
            Side.BIND,
            _("http.sys has no socket on {port}.").format(port=facts.question.name),
        )
    if facts.http_sys.problem is not None or (use is not None and use.problem):
        return cannot_tell(
            "http_sys",
            Side.BIND,
            _("For whom http.sys serves {port} can't be read.").format(port=facts.question.name),
            _("Administrator rights."),
        )
    return None


def _services(facts: Facts) -> tuple[str, ...]:
    use = facts.http_sys.value
    if use is None:
        return ()
    names = [service.name for one in use.registrants for service in known_or(one.services, ())]
    for registration in use.registrations:
        names += [service for part, service in KNOWN_URLS if part in registration.url.upper()]
    return tuple(dict.fromkeys(names))[:3]


def _stop(facts: Facts, name: str) -> Fix:
    harm = _("Clients of the service lose it.")
    if name.lower() in _CUTS_OFF:
        harm = _("Remote sessions to this machine end, maybe your own.")
    return Fix(
        _("Stop the service {name}.").format(name=inert(name, 80)),
        (*facts.me.own_command, "service", "stop", name),
        needs_admin=True,
        harm=Harm.SHARED,
        harm_words=harm,
        undo=_("Start the service again."),
        remediation=Remediation(RemediationKind.STOP_SERVICE, service=name),
    )


def url_reservation(facts: Facts) -> Finding | None:
    """Detect that somebody may register an address at the port; that keeps no socket from it."""
    found = facts.url_reservations.value
    if not found or facts.platform != "win32":
        return None
    error = facts.question.error
    url, users = found[0]
    if error is not None and error.error == "EACCES" and "http" in error.text.casefold():
        return Finding(
            "url_reservation",
            Side.BIND,
            Certainty.LIKELY,
            _("The address {url} is reserved in http.sys for {users}; others are denied.").format(
                url=inert(url, 120), users=inert(users, 120)
            ),
            (Evidence(_("Reservation"), inert(url, 160), facts.url_reservations.source),),
            (
                Fix(
                    _("Reserve the address for the account that the program runs as."),
                    ("netsh", "http", "add", "urlacl", f"url={url}", "user=ACCOUNT"),
                    needs_admin=True,
                    harm=Harm.SHARED,
                    harm_words=_("The account that has it now loses it."),
                    undo=f"netsh http delete urlacl url={url}",  # untranslated: a command
                ),
            ),
        )
    return ruled_out(
        "url_reservation",
        Side.BIND,
        _("{url} is reserved in http.sys, which keeps no socket from the port.").format(
            url=inert(url, 120)
        ),
    )


CAUSES = (http_sys, url_reservation)
