"""What a finished scan says about itself, in sentences. No Qt."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portview.domain.sockets.socket_row import endpoint_text
from portview.domain.user_input.parsing import format_duration, format_ports
from portview.i18n import _, join_list, join_sentences, ngettext

if TYPE_CHECKING:
    from collections.abc import Mapping

    from portview.probes.scan import ScanReport
    from portview.probes.scan_comparison import TableComparison

_MOST_NAMED = 12
_MOST_FILTERED_NAMED = 20


def summary(report: ScanReport) -> tuple[str, str]:
    """Return the word and the sentence for the headline."""
    count = len(report.open)
    word = ngettext("{count:,} open port", "{count:,} open ports", count).format(count=count)
    parts = [_("{count:,} closed").format(count=report.closed_count)]
    if report.filtered:
        parts.append(_("{count:,} filtered").format(count=report.filtered_count))
    if report.unreachable_count:
        parts.append(_("{count:,} unreachable").format(count=report.unreachable_count))
    host = report.host
    where = host if host == report.address else f"{host} ({report.address})"
    asked = ngettext(
        "{where}: {count:,} port asked in {duration}; {parts}.",
        "{where}: {count:,} ports asked in {duration}; {parts}.",
        report.asked_count,
    ).format(
        where=where,
        count=report.asked_count,
        duration=format_duration(report.elapsed_ms),
        parts=join_list(parts),
    )
    sentences = [asked]
    if 0 < report.filtered_count <= _MOST_FILTERED_NAMED:
        sentences.append(_("Filtered: {ports}.").format(ports=format_ports(report.filtered)))
    if report.other_addresses:
        others = join_list(report.other_addresses)
        sentences.append(_("Not scanned: {addresses}.").format(addresses=others))
    return word, join_sentences(*sentences)


def describe_differences(comparison: TableComparison, owners: Mapping[int, str]) -> str:
    """Return where the scan of this machine and its socket table differ, with the owners."""
    if not comparison:
        return _("The socket table of this machine says the same.")
    lines = []
    if comparison.not_reachable:
        named = [
            f"{endpoint_text(row.local)} ({owners.get(row.local.port, _('owner unknown'))})"
            for row in comparison.not_reachable[:_MOST_NAMED]
        ]
        more = len(comparison.not_reachable) - len(named)
        named += [_("and {more:,} more").format(more=more)] if more else []
        lines.append(
            _("Listens, but could not be reached: {named}.").format(named=join_list(named))
        )
    if comparison.unknown:
        lines.append(
            _("Answers, but the socket table does not know it: {ports}.").format(
                ports=format_ports(comparison.unknown)
            )
        )
    return "\n".join(lines)
