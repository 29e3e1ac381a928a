from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from portview.domain.owners.process import ProcessKey
from portview.firewall.tag import LONGEST_TAG, RuleTag, find_tag, format_tag, new_id

ids = st.from_regex(r"[a-z0-9]{4,20}", fullmatch=True)
times = st.integers(1, 10**15)
tags = st.builds(
    RuleTag,
    ids,
    st.none() | times,
    st.none() | st.builds(ProcessKey, st.integers(1, 2**32), st.integers(0, 10**15)),
)


@given(tags)
@example(RuleTag("z" * 20, 10**15, ProcessKey(2**32, 10**15)))
def test_a_tag_is_read_as_it_was_written(tag: RuleTag) -> None:
    text = format_tag(tag)
    assert find_tag(text) == tag
    assert len(text) <= LONGEST_TAG
    assert re.fullmatch(r"[a-z0-9:]+", text)


@given(tags, st.sampled_from(["", " ", "Made by PortView. ", '"', "\n"]))
def test_a_tag_is_found_among_words(tag: RuleTag, words: str) -> None:
    assert find_tag(f"{words}{format_tag(tag)} {words}") == tag


@given(st.text())
def test_no_text_breaks_the_search(text: str) -> None:
    tag = find_tag(text)
    assert tag is None or format_tag(tag) in text


@pytest.mark.parametrize(
    "text",
    [
        "portview:v2:abcd:0:0:0",
        "portview:v1:abcd:0:0",
        "portview:v1:ABCD:0:0:0",
        "portview:v1:abcd:01:0:0",
        "portview:v1:abcd:0:0:0:7",
        "notportview:v1:abcd:0:0:0",
        "portview:v1:abcd:0:0:0 portview:v1:efgh:0:0:0",
        "portview:v1:abcd:0:0:0\u0661",
    ],
)
def test_what_only_looks_like_a_tag_is_none(text: str) -> None:
    assert find_tag(text) is None


@pytest.mark.parametrize(
    "tag",
    [RuleTag("a b"), RuleTag(""), RuleTag("abcd", -1), RuleTag("abcd", None, ProcessKey(0, 5))],
)
def test_what_can_not_be_read_again_is_not_written(tag: RuleTag) -> None:
    with pytest.raises(ValueError, match="not a tag"):
        format_tag(tag)


def test_new_ids_differ_and_make_tags() -> None:
    made = {new_id() for _ in range(100)}
    assert len(made) == 100
    assert all(find_tag(format_tag(RuleTag(one))) == RuleTag(one) for one in made)
