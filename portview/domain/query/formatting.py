"""Queries written as text: ``parse_query(format_query(q)) == q`` for every query."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portview.domain.query.terms import (
    Address,
    And,
    AnyText,
    Everything,
    InState,
    Key,
    Not,
    Numbers,
    Or,
    Over,
    Part,
)
from portview.domain.query.values import DOTTED_WITH_PORT
from portview.domain.query.words import format_value, format_word
from portview.domain.sockets.socket_row import Family

if TYPE_CHECKING:
    from portview.domain.query.terms import Place, Query, Span, Term, Transport
    from portview.domain.sockets.socket_row import State


def format_query(query: Query) -> str:
    """Write a query as text."""
    match query:
        case Not(part):
            return f"-{_inside(part)}"
        case And(parts):
            return " ".join(map(_inside, parts))
        case Or(parts):
            return " OR ".join(
                format_query(part) if isinstance(part, And) else _inside(part) for part in parts
            )
        case _:
            return _format_term(query)


def _inside(part: Query) -> str:
    text = format_query(part)
    return f"({text})" if isinstance(part, And | Or) else text


def _format_term(term: Term) -> str:
    match term:
        case AnyText(text):
            return format_word(text)
        case Everything():
            return ""
        case Numbers(key, spans):
            values = map(format_span, spans)
        case Part(key, texts):
            values = map(format_value, texts)
        case Address(key, places):
            values = map(format_place, places)
        case InState(states):
            key, values = Key.STATE, map(format_state, states)
        case Over(transports):
            key, values = Key.PROTO, map(format_transport, transports)
    return f"{key}:{','.join(values)}"


def format_transport(transport: Transport) -> str:
    """Write a transport: tcp, tcp4, udp6."""
    digit = {None: "", Family.IPV4: "4", Family.IPV6: "6"}[transport.family]
    return f"{transport.protocol}{digit}"


def format_state(state: State) -> str:
    """Write a state the way that is easiest to type: time-wait."""
    return state.replace("_", "-").lower()


def format_span(span: Span) -> str:
    """Write a number or a range of them."""
    return str(span.first) if span.first == span.last else f"{span.first}-{span.last}"


def format_place(place: Place) -> str:
    """Write an address pattern; in brackets where a port follows that could be part of it."""
    if place.ports is None:
        return format_value(place.address)
    is_clear = DOTTED_WITH_PORT.fullmatch(f"{place.address}:0") is not None
    address = place.address if is_clear else f"[{place.address}]"
    return format_value(f"{address}:{format_span(place.ports)}")
