"""The port that is being typed stands for all that it may become."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portview.domain.query.syntax import parse_query
from portview.domain.query.unfinished import with_unfinished_port


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("port:80", "port:80,800-809,8000-8099"),
        ("node port:8080", "node port:8080"),
        ("port:8080 ", "port:8080 "),
        ("port:80 node", "port:80 node"),
        ("-port:6553", "-port:6553,65530-65535"),
        ("port:0", "port:0"),
        ("report:80", "report:80"),
        ("80", "80"),
    ],
)
def test_what_may_come_is_shown_already(typed: str, meant: str) -> None:
    assert with_unfinished_port(typed) == meant


@given(st.integers(1, 65535), st.data())
def test_a_port_is_never_hidden_on_the_way_to_it(port: int, data: st.DataObject) -> None:
    text = str(port)
    typed = text[: data.draw(st.integers(1, len(text)))]
    spans = with_unfinished_port(f"port:{typed}").removeprefix("port:").split(",")
    bounds = [(span.split("-")[0], span.split("-")[-1]) for span in spans]
    assert any(int(low) <= port <= int(high) for low, high in bounds)
    parse_query(f"port:{','.join(spans)}")
