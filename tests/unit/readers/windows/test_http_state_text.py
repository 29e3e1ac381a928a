"""What netsh prints about http.sys is read by its shape, in any language, whole or cut."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portview.domain.owners.http_sys import HttpRegistration, HttpReservation
from portview.readers.windows.http_state_text import parse_service_state, parse_url_reservations


@dataclass(frozen=True)
class Language:
    """The words of one language of Windows, as far as the shape leaves them open."""

    words: tuple[str, ...]
    unnamed: str
    colon: str = ": "

    def label(self, number: int, value: object = "") -> str:
        word = self.words[number % len(self.words)]
        return (
            f"{word}{self.colon}{value}".rstrip() if value == "" else f"{word}{self.colon}{value}"
        )


@dataclass(frozen=True)
class Queue:
    """A request queue: its processes, who starts them, and what it serves."""

    name: str | None
    pids: tuple[int, ...]
    controller: int | None
    urls: tuple[str, ...]


QUEUE, SESSION, GROUP, VERSION, STATE, LIMIT, COUNT, STARTER, PROCESSES, IMAGE, URLS, MORE = range(
    12
)


def written(queues: list[Queue], language: Language, view: str, *, is_new: bool) -> list[str]:
    """Write the queues down as netsh does, in one of its two views and two forms."""
    lines = ["Title (view):", "-" * 20, ""]
    if view == "session":
        for number, queue in enumerate(queues):
            lines += [language.label(SESSION, f"{number:016X}"), *_session(language)]
            lines += ["    " + language.label(GROUP), *_group(queue, number, language), ""]
        lines.append(language.label(MORE))
    for number, queue in enumerate(queues):
        lines += _queue(queue, language, is_new=is_new, with_urls=is_new and view == "session")
        if view == "queues":
            lines += ["    " + language.label(GROUP), *_group(queue, number, language)]
            lines += ["        " + language.label(SESSION, f"{number:016X}"), *_session(language)]
        lines.append("")
    return lines


def _session(language: Language) -> list[str]:
    return [
        "    " + language.label(VERSION, "2.0"),
        "    " + language.label(STATE, "up"),
        "    " + language.label(MORE),
        "        " + language.label(LIMIT, 4294967295),
    ]


def _group(queue: Queue, number: int, language: Language) -> list[str]:
    return [
        "    " + language.label(GROUP, f"FE{number:014X}"),
        "        " + language.label(STATE, "up"),
        "        " + language.label(QUEUE, queue.name or language.unnamed),
        "        " + language.label(COUNT, len(queue.urls)),
        "        " + language.label(URLS),
        *(f"            {url}" for url in queue.urls),
    ]


def _queue(queue: Queue, language: Language, *, is_new: bool, with_urls: bool) -> list[str]:
    lines = [
        language.label(QUEUE, queue.name or language.unnamed),
        "    " + language.label(VERSION, "2.0"),
        "    " + language.label(STATE, "up"),
        "    " + language.label(LIMIT, 1000),
        "    " + language.label(COUNT, len(queue.pids)),
    ]
    if queue.controller is not None:
        lines.append("    " + language.label(STARTER, queue.controller))
    lines.append("    " + language.label(PROCESSES))
    for pid in queue.pids:
        if is_new:
            image = language.label(IMAGE, r"C:\Web\server.exe")
            lines += [
                f"        {language.label(IMAGE, pid)}, {image}",
                "        " + language.label(MORE, "Web"),
            ]
        else:
            lines.append(f"        {pid}")
    if with_urls:
        lines += ["    " + language.label(URLS), *(f"        {url}" for url in queue.urls)]
    return lines


def expected(queues: list[Queue]) -> dict[str, HttpRegistration]:
    return {
        url: HttpRegistration(url, port_of(url), queue.pids, queue.name, queue.controller)
        for queue in queues
        for url in queue.urls
    }


def port_of(url: str) -> int:
    return int(url.split("/")[2].rpartition(":")[2])


WORDS = st.text("abcdefghijklmnopqrstuvwxyz äéßжのキ列", min_size=1, max_size=20).map(
    lambda text: f"x{text.strip()}"
)
LANGUAGES = st.builds(
    Language,
    st.lists(WORDS, min_size=12, max_size=12, unique=True).map(tuple),
    st.sampled_from(["The queue has no name.", "キューに名前はありません。"]),
    st.sampled_from([": ", " : ", "\uff1a"]),
)
PIDS = st.integers(2, 10_000).map(lambda number: number * 4)
HOSTS = st.sampled_from(["+", "*", "LOCALHOST", "[::1]", "10.0.0.7", "shop.example.org"])
URLS_OF_ONE = st.builds(
    "{}://{}:{}{}".format,
    st.sampled_from(["HTTP", "https"]),
    HOSTS,
    st.integers(1, 65535),
    st.sampled_from(["/", "/WSMAN/", "/4C2CDC17-BEFE/"]),
)


@st.composite
def queue_lists(draw: st.DrawFn) -> list[Queue]:
    urls = draw(st.lists(URLS_OF_ONE, max_size=8, unique=True))
    names = draw(st.lists(st.sampled_from(["Shop", "Pool 2", "db"]), max_size=3, unique=True))
    count = draw(st.integers(1, 4))
    pids = draw(st.lists(PIDS, min_size=3 * count, max_size=3 * count, unique=True))
    queues = []
    for number in range(count):
        name = names[number] if number < len(names) else None
        controller = pids[3 * number] if name and draw(st.booleans()) else None
        own = tuple(pids[3 * number + 1 : 3 * number + 1 + draw(st.integers(0, 2))])
        queues.append(Queue(name, own, controller, tuple(urls[number::count])))
    return queues


@given(queue_lists(), LANGUAGES, st.booleans())
def test_the_view_by_queues_ties_each_address_to_its_processes(
    queues: list[Queue], language: Language, is_new: bool
) -> None:
    text = "\n".join(written(queues, language, "queues", is_new=is_new))
    assert {one.url: one for one in parse_service_state(text)} == expected(queues)


@given(queue_lists(), LANGUAGES)
def test_the_newer_view_by_sessions_tells_the_same(queues: list[Queue], language: Language) -> None:
    text = "\r\n".join(written(queues, language, "session", is_new=True))
    assert {one.url: one for one in parse_service_state(text)} == expected(queues)


@given(queue_lists(), LANGUAGES)
def test_the_older_view_by_sessions_ties_by_name_alone(
    queues: list[Queue], language: Language
) -> None:
    text = "\n".join(written(queues, language, "session", is_new=False))
    told = {one.url: one for one in parse_service_state(text)}
    assert told.keys() == expected(queues).keys()
    for url, one in expected(queues).items():
        assert told[url] == (one if one.queue else HttpRegistration(url, port_of(url)))


@given(queue_lists(), LANGUAGES, st.sampled_from(["queues", "session"]), st.booleans(), st.data())
def test_a_piece_cut_out_never_names_a_wrong_process(
    queues: list[Queue], language: Language, view: str, is_new: bool, data: st.DataObject
) -> None:
    lines = written(queues, language, view, is_new=is_new)
    first = data.draw(st.integers(0, len(lines)))
    last = data.draw(st.integers(first, len(lines)))
    whole = expected(queues)
    for one in parse_service_state("\n".join(lines[first:last])):
        assert set(one.pids) <= set(whole[one.url].pids)


@given(st.text(st.sampled_from("HTTPS://+:80[]ID, 4\n\t-.{}x"), max_size=200))
def test_anything_can_be_read(text: str) -> None:
    for registration in parse_service_state(text):
        assert 0 < registration.port <= 65535
        assert registration.pids == ()
    parse_url_reservations(text)


def test_a_name_that_looks_like_a_process_is_none() -> None:
    queues = [Queue("4, me", (), None, ("HTTP://+:80/",)), Queue(None, (8,), None, ())]
    language = Language(tuple("abcdefghijkl"), "None.")
    for view in ("queues", "session"):
        lines = written(queues, language, view, is_new=True)
        (one,) = parse_service_state("\n".join(lines))
        assert one.pids == ()


def test_an_address_that_iis_bound_is_read() -> None:
    (one,) = parse_service_state("        HTTP://10.0.0.7:81:10.0.0.7/")
    assert (one.url, one.port) == ("HTTP://10.0.0.7:81:10.0.0.7/", 81)


@pytest.mark.parametrize("colon", [" : ", ": ", "\uff1a"])
def test_reservations_name_their_users(colon: str) -> None:
    text = "\n".join([
        "Reserved:", "---------", "",
        f"    Reserved URL            {colon}http://+:8080/shop/ ",
        f"        User{colon}PC\\anna",
        f"            Listen{colon}Yes",
        f"            SDDL{colon}D:(A;;GX;;;WD)",
        f"        User{colon}\\Everyone",
        f"            Listen{colon}Yes", "",
        f"    Reserved URL            {colon}https://*:443/ ",
    ])  # fmt: skip
    assert parse_url_reservations(text) == (
        HttpReservation("http://+:8080/shop/", 8080, ("PC\\anna", "\\Everyone")),
        HttpReservation("https://*:443/", 443),
    )
