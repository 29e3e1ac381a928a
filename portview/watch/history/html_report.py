"""A report as one HTML page that needs nothing else and may load nothing else.

Light and dark follow the reader's system. Every text of the machine is escaped and made inert.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from portview import __version__
from portview.domain.formatting import format_duration
from portview.domain.local_time import local_moment
from portview.domain.plain_text import inert
from portview.i18n import _, ngettext
from portview.watch.history.words import event_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from portview.watch.history.report_facts import PortFacts, ReportFacts

MOST_LANES = 150
MOST_CHANGES = 2000
_LONGEST_CELL = 300
_WIDTH, _LANE = 640, 10

# untranslated: a style sheet
_STYLE = """
:root{color-scheme:light dark;--text:#1b1b1b;--soft:#5f6368;--line:#d9dce1;--card:#f4f5f7;
--bar:#1f6feb;--bad:#b3261e;--good:#1b6e3c}
@media (prefers-color-scheme:dark){:root{--text:#e8e8e8;--soft:#a3a8b0;--line:#3c4046;
--card:#26282c;--bar:#6cb0ff;--bad:#ff8a80;--good:#7ddba3}}
body{font:14px/1.45 system-ui,sans-serif;color:var(--text);margin:2em auto;max-width:70em;
padding:0 1.5em}
h1{font-size:1.5em;margin:0 0 .1em}h2{font-size:1.1em;margin:2em 0 .5em}
p.s{color:var(--soft);margin:.2em 0}
.c{display:flex;flex-wrap:wrap;gap:.8em;margin:1.2em 0}
.c div{background:var(--card);border-radius:8px;padding:.7em 1.1em;min-width:7em}
.c b{display:block;font-size:1.5em;font-weight:600}
.w{overflow-x:auto}table{border-collapse:collapse;width:100%}
th,td{text-align:left;vertical-align:top;padding:.3em .9em .3em 0;
border-bottom:1px solid var(--line);overflow-wrap:anywhere}
th{color:var(--soft);font-weight:600;white-space:nowrap;overflow-wrap:normal}
.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
.t{white-space:nowrap;font-variant-numeric:tabular-nums}
.bad{color:var(--bad)}.good{color:var(--good)}
svg{display:block;min-width:12em;width:100%;height:10px;margin-top:.4em}
svg .b{fill:var(--bar)}svg .g{fill:var(--line)}svg .h{stroke:var(--soft);stroke-width:1.5}
@media print{body{margin:0;max-width:none}}
"""


def html_report(facts: ReportFacts, *, title: str, machine: str, now_ms: int) -> str:
    """Return the whole page. ``machine`` is the name of this machine."""
    parts = [
        f"<h1>{_safe(title)}</h1>",
        _paragraph(
            _("{machine}, from {since} until {until}").format(
                machine=machine,
                since=local_moment(facts.from_ms),
                until=local_moment(facts.to_ms),
            )
        ),
        _cards(facts),
        _unknown_sentence(facts),
        *_alerts(facts, now_ms),
        *_repairs(facts),
        *_ports(facts),
        *_peers(facts),
        *_changes(facts),
        _paragraph(
            _("Made by PortView {version} at {moment}, from what it saw itself.").format(
                version=__version__, moment=local_moment(now_ms)
            )
        ),
    ]
    body = "\n".join(part for part in parts if part)
    return (
        f'<!DOCTYPE html>\n<html>\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width">\n'
        '<meta http-equiv="Content-Security-Policy" '
        "content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        f"<title>{_safe(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
        f"{_HATCH}\n{body}\n</body>\n</html>\n"
    )


_HATCH = (
    '<svg aria-hidden="true" style="position:absolute;width:0;height:0"><defs>'
    '<pattern id="h" width="6" height="6" patternUnits="userSpaceOnUse" '
    'patternTransform="rotate(45)"><path class="h" d="M0 0V6"/></pattern></defs></svg>'
)


def _cards(facts: ReportFacts) -> str:
    whole_ms = max(1, facts.to_ms - facts.from_ms)
    changes = sum(change.kind in {"began", "ended"} for change in facts.changes)
    cards = (
        (str(len(facts.ports)), ngettext("port", "ports", len(facts.ports))),
        (str(changes), _("began or ended")),
        (str(len(facts.alerts)), ngettext("alert", "alerts", len(facts.alerts))),
        (str(len(facts.repairs)), ngettext("repair", "repairs", len(facts.repairs))),
        (_percent(facts.looked_ms / whole_ms), _("of the time seen")),
    )
    return (
        '<div class="c">'
        + "".join(f"<div><b>{_safe(number)}</b>{_safe(word)}</div>" for number, word in cards)
        + "</div>"
    )


def _unknown_sentence(facts: ReportFacts) -> str:
    if not facts.unknown_ms:
        return ""
    return _paragraph(
        _(
            "PortView did not record {length} of this time. Nothing is known of it: it is "
            "hatched, and counts neither as available nor as down."
        ).format(length=format_duration(facts.unknown_ms))
    )


def _alerts(facts: ReportFacts, now_ms: int) -> Iterable[str]:
    yield f"<h2>{_safe(_('Alerts'))}</h2>"
    if not facts.alerts:
        yield _paragraph(_("No watch fired in this time."))
        return
    rows = []
    for one in facts.alerts:
        until = _("still firing") if one.to_ms is None else local_moment(one.to_ms)
        end_ms = now_ms if one.to_ms is None else one.to_ms
        state = "bad" if one.to_ms is None else "good"
        seen = "" if one.acknowledged_ms is None else local_moment(one.acknowledged_ms)
        rows.append(
            (
                (one.watch, ""),
                ("" if one.port is None else str(one.port), "n"),
                (local_moment(one.from_ms), "t"),
                (until, f"t {state}"),
                (format_duration(max(0, end_ms - one.from_ms)), "n"),
                (one.detail, ""),
                (seen, "t"),
                (one.incident[:8], "t"),
            )
        )
    titles = (
        _("Watch"), _("Port"), _("From"), _("Until"), _("For"), _("What was found"),
        _("Acknowledged"), _("Incident"),
    )  # fmt: skip
    yield _table(titles, rows)


def _repairs(facts: ReportFacts) -> Iterable[str]:
    if not facts.repairs:
        return
    yield f"<h2>{_safe(_('Repairs'))}</h2>"
    titles = (_("When"), _("Watch"), _("Port"), _("What was tried, and whether it helped"))
    yield _table(
        titles,
        [
            (
                (local_moment(one.at_ms), "t"),
                (one.watch or "", ""),
                ("" if one.port is None else str(one.port), "n"),
                (one.detail or "", ""),
            )
            for one in facts.repairs
        ],
    )


def _ports(facts: ReportFacts) -> Iterable[str]:
    yield f"<h2>{_safe(_('Ports'))}</h2>"
    if not facts.ports:
        yield _paragraph(_("Nothing that listened was seen in that time."))
        return
    yield _paragraph(
        _(
            "Listening is the share of the time that PortView recorded. Bars go from "
            "{since} to {until}."
        ).format(since=local_moment(facts.from_ms), until=local_moment(facts.to_ms))
    )
    titles = (_("Port"), _("Programs"), _("Listening"), _("For"), _("Starts"), _("Over time"))
    head = _head(titles)
    lines = []
    for number, one in enumerate(facts.ports):
        share = _("unknown") if one.share is None else _percent(one.share)
        picture = _bars(one, facts) if number < MOST_LANES else ""
        lines.append(
            "<tr>"
            + _cell(f"{one.port}/{one.protocol}", "t")
            + _cell(", ".join(one.programs))
            + _cell(share, "n")
            + _cell(format_duration(one.listened_ms), "n")
            + _cell(str(one.starts), "n")
            + f"<td>{picture}</td></tr>"
        )
    yield _whole_table(head, lines)
    if facts.is_cut:
        yield _paragraph(_("There is more than can be shown: ask for a shorter time."))


def _peers(facts: ReportFacts) -> Iterable[str]:
    if not facts.peers:
        return
    yield f"<h2>{_safe(_('Other machines'))}</h2>"
    titles = (
        _("Address"), _("Direction"), _("Port"), _("Program here"), _("Connections"),
        _("First seen"), _("Last seen"),
    )  # fmt: skip
    yield _table(
        titles,
        [
            (
                (one.address, ""),
                (_("incoming") if one.is_incoming else _("outgoing"), ""),
                (str(one.port), "n"),
                (one.process or _("unknown"), ""),
                (str(one.connections), "n"),
                (local_moment(one.from_ms), "t"),
                (local_moment(one.to_ms), "t"),
            )
            for one in facts.peers
        ],
    )


def _changes(facts: ReportFacts) -> Iterable[str]:
    yield f"<h2>{_safe(_('What happened'))}</h2>"
    if not facts.changes:
        yield _paragraph(_("Nothing changed in this time."))
        return
    words = {"began": _("began to listen"), "ended": _("stopped listening")}
    shown = facts.changes[-MOST_CHANGES:]
    titles = (_("When"), _("Port"), _("Event"), _("Detail"))
    rows = [
        (
            (local_moment(one.at_ms), "t"),
            ("" if one.port is None else _port_text(one.port, one.protocol), "t"),
            (words.get(one.kind) or event_words(one.kind), ""),
            (one.text, ""),
        )
        for one in shown
    ]
    yield _table(titles, rows)
    left = len(facts.changes) - len(shown)
    if left:
        text = ngettext(
            "{count} earlier change is left out.", "{count} earlier changes are left out.", left
        )
        yield _paragraph(text.format(count=left))


def _port_text(port: int, protocol: str | None) -> str:
    return f"{port}/{protocol}" if protocol else str(port)


def _bars(port: PortFacts, facts: ReportFacts) -> str:
    """Return a drawing of when somebody listened, with what is unknown hatched."""
    whole = max(1, facts.to_ms - facts.from_ms)

    def rect(start: int, end: int, kind: str, fill: str = "") -> str:
        left = (start - facts.from_ms) / whole * _WIDTH
        width = max(1.0, (end - start) / whole * _WIDTH)
        return f'<rect {kind}{fill} x="{left:.1f}" width="{width:.1f}" height="{_LANE}"/>'

    drawn = [rect(facts.from_ms, facts.to_ms, 'class="g"')]
    drawn += [rect(start, end, 'class="b"') for start, end in port.times]
    drawn += [rect(start, end, 'fill="Canvas"') for start, end in facts.unknown]
    drawn += [rect(start, end, 'fill="url(#h)"') for start, end in facts.unknown]
    return (
        f'<svg viewBox="0 0 {_WIDTH} {_LANE}" preserveAspectRatio="none" role="img" '
        f'aria-label="{_safe(_("When somebody listened"))}">{"".join(drawn)}</svg>'
    )


def _table(titles: Sequence[str], rows: Iterable[Sequence[tuple[str, str]]]) -> str:
    lines = ["<tr>" + "".join(_cell(text, kind) for text, kind in row) + "</tr>" for row in rows]
    return _whole_table(_head(titles), lines)


def _whole_table(head: str, lines: Iterable[str]) -> str:
    body = "\n".join(lines)
    return f'<div class="w"><table>\n<thead>{head}</thead>\n<tbody>\n{body}\n</tbody></table></div>'


def _head(titles: Iterable[str]) -> str:
    return "<tr>" + "".join(f'<th scope="col">{_safe(title)}</th>' for title in titles) + "</tr>"


def _cell(text: str, kind: str = "") -> str:
    mark = f' class="{kind}"' if kind else ""
    return f"<td{mark}><bdi>{_safe(text)}</bdi></td>"


def _paragraph(text: str) -> str:
    return f'<p class="s">{_safe(text)}</p>'


def _safe(text: str) -> str:
    return escape(inert(text, _LONGEST_CELL))


def _percent(share: float) -> str:
    """Return a share in percent; only what is whole is called 100 %, and only nothing 0 %."""
    if share in {0.0, 1.0}:
        return f"{share * 100:.0f} %"
    return f"{min(99.99, max(0.01, share * 100)):.2f} %"
