"""Can a program on this machine take this port? Tried for real, and let go at once."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from portview.domain.browser_ports import browser_note
from portview.domain.sockets.port_ranges import PortRanges
from portview.domain.sockets.socket_row import Family, Protocol
from portview.domain.verdicts import Progress
from portview.i18n import _
from portview.probes.bind_attempt import WINDOWS, Binder, BindOption
from portview.probes.bind_places import bind_places, wildcard_of
from portview.probes.bind_refusal import (
    DENIED,
    IN_USE,
    explain_denied_to_everyone,
    explain_refusal,
)
from portview.probes.bind_report import (
    BindReport,
    BindVerdict,
    PlaceReport,
    summed_up,
)
from portview.probes.bind_users import BindQuestion, explained, users_at
from portview.probes.redirected import with_destinations
from portview.readers.socket_table import LazySocketTable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from portview.domain.cancellation import CancelToken
    from portview.domain.sockets.socket_row import SocketRow
    from portview.probes.bind_places import BindPlace
    from portview.probes.redirected import DestinationsOf
    from portview.readers.socket_table import SocketTable


def probe_bind(
    port: int,
    *,
    protocol: Protocol = Protocol.TCP,
    address: str | None = None,
    ranges: PortRanges | None = None,
    destinations: DestinationsOf | None = None,
    table: SocketTable | None = None,
    binder: Binder | None = None,
    cancel: CancelToken | None = None,
    report: Callable[[Progress], None] | None = None,
) -> BindReport:
    """Take a port at all places where servers bind, or at one address, and close at once.

    What "free" means is ``meaning_of_free``. Holds one socket for some microseconds, during which
    another program's bind would fail; where only leftovers have the port it listens for as long,
    and a client that comes just then is reset. ``ranges`` explain refusals on Windows,
    ``destinations`` says what NAT rules do, ``table`` names who has the port and is read only
    where a bind failed. Any thread; takes a few milliseconds. Raises Cancelled.
    """
    result = try_places(
        bind_places(address),
        port,
        protocol,
        ranges=ranges,
        table=table,
        binder=binder,
        cancel=cancel,
        report=report,
    )
    result = with_destinations(result, address, destinations)
    note = browser_note(port) if protocol is Protocol.TCP else ""
    return replace(result, notes=(*result.notes, note)) if note and result.is_free else result


def try_places(
    places: Iterable[BindPlace],
    port: int,
    protocol: Protocol,
    *,
    ranges: PortRanges | None = None,
    table: SocketTable | None = None,
    binder: Binder | None = None,
    cancel: CancelToken | None = None,
    report: Callable[[Progress], None] | None = None,
) -> BindReport:
    """Take a port at each of these places, as ``probe_bind`` does, without regard to NAT."""
    attempts = _Attempts(port, protocol, ranges or PortRanges(), binder or Binder())
    places = tuple(places)
    results: list[PlaceReport] = []
    for place in places:
        if cancel:
            cancel.raise_if_cancelled()
        results.append(attempts.at(place))
        if report:
            text = _("Binding {place}").format(place=place)
            report(Progress(len(results), len(places), text))
    return attempts.explained(results, table or LazySocketTable())


class _Attempts:
    def __init__(self, port: int, protocol: Protocol, ranges: PortRanges, binder: Binder) -> None:
        self._port = port
        self._protocol = protocol
        self._ranges = ranges
        self._binder = binder
        self._families: dict[Family, int | None] = {}

    def at(self, place: BindPlace) -> PlaceReport:
        """Bind at one place and say how it ended, as far as error numbers report."""
        if self._binder.platform == WINDOWS:
            return self._at_on_windows(place)
        code = self._try(place, BindOption.PLAIN)
        if code is None:
            return _free(place)
        if code in IN_USE and self._protocol is Protocol.TCP:
            # Linux passes over sockets that don't listen and set SO_REUSEADDR as well (socket(7)).
            # Two that both set it collide only when they listen.
            if self._try(place, BindOption.REUSE, listens=True) is None:
                return PlaceReport(
                    place,
                    BindVerdict.LEFTOVERS,
                    _(
                        "Nothing listens, but connections of an earlier server use the port, or a "
                        "program that does not listen yet."
                    ),
                    _("A server that does not set SO_REUSEADDR has to wait."),
                    code,
                    has_second_opinion=True,
                )
        elif code in IN_USE and self._is_shared(place):
            return PlaceReport(
                place,
                BindVerdict.SHARED,
                _("A further program can share it if it sets SO_REUSEADDR as they do."),
                "",
                code,
                has_second_opinion=True,
            )
        return self._refused(place, code)

    def _is_shared(self, place: BindPlace) -> bool:
        options = (BindOption.REUSE, BindOption.SHARE)
        return any(self._try(place, option) is None for option in options)

    def _at_on_windows(self, place: BindPlace) -> PlaceReport:
        """Bind exclusively to all addresses of the family, then at the place itself.

        By Microsoft's table an exclusive bind to the wildcard collides with every socket of its
        family, whoever has it and at whichever address, and always with the same number; so that
        another number has another cause. A socket for both families would spoil this.
        """
        if place.is_dual_stack:
            single = [self.at(wildcard_of(family)) for family in Family]
            worst = summed_up(self._port, self._protocol, single).verdict
            (first, *_others) = [one for one in single if one.verdict is worst]
            return replace(first, place=place)
        everywhere = self._everywhere(place.family)
        if everywhere in DENIED and everywhere is not None:
            verdict, detail, hint = explain_denied_to_everyone(self._port, self._ranges)
            return PlaceReport(place, verdict, detail, hint, everywhere)
        code = everywhere if place.is_wildcard else self._try(place, BindOption.EXCLUSIVE)
        if everywhere not in IN_USE or (code is not None and code not in IN_USE):
            return _free(place) if code is None else self._refused(place, code)
        # Somebody has it. A default bind is the second opinion: it passes over what is left of a
        # closed server, and over sockets at other addresses.
        works = code is None or self._try(place, BindOption.PLAIN) is None
        return replace(self._refused(place, everywhere or 0), has_second_opinion=works)

    def _everywhere(self, family: Family) -> int | None:
        if family not in self._families:
            self._families[family] = self._try(wildcard_of(family), BindOption.EXCLUSIVE)
        return self._families[family]

    def _try(self, place: BindPlace, option: BindOption, *, listens: bool = False) -> int | None:
        return self._binder.attempt(place, self._port, self._protocol, option, listens=listens)

    def _refused(self, place: BindPlace, code: int) -> PlaceReport:
        platform = self._binder.platform
        verdict, detail, hint = explain_refusal(code, self._port, self._ranges, platform)
        return PlaceReport(place, verdict, detail, hint, code)

    def explained(self, results: list[PlaceReport], table: SocketTable) -> BindReport:
        """Sum up, with the sockets of the table that explain what is not free."""
        first = summed_up(self._port, self._protocol, results)
        if first.verdict in {BindVerdict.FREE, BindVerdict.NO_ADDRESS}:
            return first
        rows = table.rows()
        if rows is None:
            return first
        question = BindQuestion(self._port, self._protocol, self._ranges, self._binder.platform)
        places: list[PlaceReport] = []
        found: dict[object, SocketRow] = {}
        for one in results:
            users = users_at(rows, self._port, self._protocol, one.place)
            place = explained(one, users, table.owner_name, question)
            places.append(place)
            if place.verdict not in {BindVerdict.FREE, BindVerdict.NO_ADDRESS}:
                found.update((row.key, row) for row in users.all)
        summary = summed_up(self._port, self._protocol, places)
        return replace(summary, users=tuple(found.values()))


def _free(place: BindPlace) -> PlaceReport:
    return PlaceReport(place, BindVerdict.FREE, _("It can be taken."))
