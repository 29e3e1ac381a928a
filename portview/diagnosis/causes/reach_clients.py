"""The client's own doing: proxies, and ports that browsers refuse."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portview.diagnosis.finding import Certainty, Evidence, Finding, Fix, Side
from portview.domain.plain_text import inert
from portview.domain.sockets.socket_row import Protocol
from portview.i18n import _, join_list

if TYPE_CHECKING:
    from portview.diagnosis.facts import Facts

BLOCKED_BY_BROWSERS = frozenset(
    {
        1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101,
        102, 103, 104, 109, 110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389,
        427, 465, 512, 513, 514, 515, 526, 530, 531, 532, 540, 548, 554, 556, 563, 587, 601, 636,
        989, 990, 993, 995, 1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665,
        6666, 6667, 6668, 6669, 6679, 6697, 10080,
    }
)  # fmt: skip
"""The "bad ports" of the Fetch standard (fetch.spec.whatwg.org, "port blocking")."""
_OWN_PROTOCOLS = frozenset({"ssh", "smtp", "pop3", "imap", "vnc", "redis", "amqp"})


def browser_blocked_port(facts: Facts) -> Finding | None:
    """Detect that browsers refuse to open the port, whatever the server does."""
    if facts.port not in BLOCKED_BY_BROWSERS or facts.protocol is not Protocol.TCP:
        return None
    error = facts.question.error
    is_reported = error is not None and error.error == "BLOCKED_PORT"
    speaks = {one.speaks for one in facts.replies.value or ()}
    if not facts.listeners and not is_reported:
        return None
    if speaks & _OWN_PROTOCOLS:
        return None  # what runs there is meant for other programs than browsers
    is_web = "http" in speaks or "tls" in speaks
    return Finding(
        "browser_blocked_port",
        Side.REACH,
        Certainty.PROVED if is_reported or is_web else Certainty.POSSIBLE,
        _("Browsers refuse to open port {port} (ERR_UNSAFE_PORT); other programs reach it.").format(
            port=facts.port
        ),
        (Evidence(_("Port blocking"), str(facts.port), _("the Fetch standard")),),
        (Fix(_("Give the server a port that browsers allow, such as 8080.")),),
    )


def proxy_environment(facts: Facts) -> Finding | None:
    """Detect that proxy settings of this user catch requests to this very machine."""
    caught = facts.proxies.value
    if not caught or not facts.listeners or facts.protocol is not Protocol.TCP:
        return None
    error = facts.question.error
    is_reported = error is not None and error.error == "PROXY"
    shown = join_list(f"{scheme}: {inert(address, 80)}" for scheme, address in caught.items())
    return Finding(
        "proxy_environment",
        Side.REACH,
        Certainty.LIKELY if is_reported else Certainty.POSSIBLE,
        _(
            "A proxy is set ({proxies}) that catches requests to localhost as well: many programs "
            "then ask the proxy instead of the server."
        ).format(proxies=shown),
        tuple(
            Evidence(
                _("Proxy for {scheme}").format(scheme=scheme),
                inert(address, 120),
                facts.proxies.source,
            )
            for scheme, address in caught.items()
        ),
        (
            Fix(
                _("Exclude this machine from the proxy: NO_PROXY=localhost,127.0.0.1,::1"),
                undo=_("Remove it from NO_PROXY."),
            ),
        ),
    )


CAUSES = (browser_blocked_port, proxy_environment)
