"""What probes found, in the words of the window and the command line. JSON has the codes."""

from __future__ import annotations

from portview.domain.verdicts import Verdict
from portview.i18n import N_, _
from portview.probes.bind_report import BindVerdict

_VERDICTS = {
    Verdict.OPEN: N_("Open"),
    Verdict.CLOSED: N_("Closed"),
    Verdict.FILTERED: N_("Filtered"),
    Verdict.UNREACHABLE: N_("Unreachable"),
    Verdict.OPEN_OR_FILTERED: N_("Open or filtered"),
    Verdict.OK: N_("OK"),
    Verdict.FAILED: N_("Unexpected response"),
    Verdict.HUNG_UP: N_("Closes the connection"),
    Verdict.UNRESOLVED: N_("Unknown name"),
    Verdict.ERROR: N_("Could not check"),
}
_BINDS = {
    BindVerdict.FREE: N_("Free"),
    BindVerdict.IN_USE: N_("In use"),
    BindVerdict.LEFTOVERS: N_("Free, with leftovers"),
    BindVerdict.SHARED: N_("Shared"),
    BindVerdict.REDIRECTED: N_("Redirected"),
    BindVerdict.RESERVED: N_("Reserved"),
    BindVerdict.EXCLUSIVE: N_("Taken exclusively"),
    BindVerdict.PRIVILEGED: N_("For administrators"),
    BindVerdict.FORBIDDEN: N_("Forbidden"),
    BindVerdict.NO_ADDRESS: N_("No such address"),
    BindVerdict.ERROR: N_("Could not try"),
}


def verdict_words(verdict: Verdict | BindVerdict) -> str:
    """Return a verdict in words for people."""
    words = _BINDS[verdict] if isinstance(verdict, BindVerdict) else _VERDICTS[verdict]
    return _(words)
