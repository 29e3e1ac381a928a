"""Reports as sheets: the words, the table, and the text that is copied."""

from __future__ import annotations

import datetime as dt

import pytest

from portview.domain.severity import Severity
from portview.domain.sockets.socket_row import Endpoint, Protocol
from portview.domain.user_input.targets import Target
from portview.domain.verdicts import Latency, Verdict
from portview.probes.attempts import Attempt
from portview.probes.bind_places import ANY_IPV4, BindPlace, Family
from portview.probes.bind_report import BindReport, BindVerdict, PlaceReport
from portview.probes.certificates import Certificate, CertificateProblem
from portview.probes.http import Hop, HttpReport
from portview.probes.scan import OpenPort, ScanReport
from portview.probes.scan_comparison import TableComparison
from portview.probes.tcp import AddressReport, ProbeReport
from portview.probes.tls import ClientCertificate, TlsReport
from portview.ui.probing.probe_results import result_of, time_text, times_text, verdict_severity
from portview.ui.probing.scan_text import describe_differences, summary
from tests.factories import row

HERE = Endpoint("127.0.0.1", 80)
TARGET = Target("localhost", 80)


def test_each_address_is_a_line_with_its_times() -> None:
    tries = (Attempt(Verdict.OPEN, 1.0, "It answers.", local=Endpoint("127.0.0.1", 5)),)
    address = AddressReport(HERE, Verdict.OPEN, Latency(0.5, 1.0, 2.25), "It answers.", "", tries)
    result = result_of(ProbeReport(TARGET, Verdict.OPEN, 1.0, "It answers.", "", (address,)))
    assert (result.severity, result.word) == (Severity.GOOD, "Open")
    (line,) = result.rows
    assert len(line.cells) == len(result.columns)
    assert line.cells[:3] == ("127.0.0.1:80", "Open", "0.50 ms / 1.0 ms / 2.2 ms")
    assert line.cells[4] == "127.0.0.1:5"


@pytest.mark.parametrize("verdict", list(Verdict))
def test_every_verdict_has_a_word_and_a_tone(verdict: Verdict) -> None:
    result = result_of(ProbeReport(TARGET, verdict, None, "Detail.", "Hint."))
    assert result.word
    assert (
        (result.severity is Severity.GOOD)
        == verdict.is_good
        == (verdict_severity(verdict) is Severity.GOOD)
    )
    assert (result.columns == ()) or result.rows == ()


@pytest.mark.parametrize("verdict", list(BindVerdict))
def test_every_end_of_a_bind_has_a_word(verdict: BindVerdict) -> None:
    place = PlaceReport(BindPlace(ANY_IPV4, Family.IPV4), verdict, "So it is.", "Do this.")
    result = result_of(BindReport(80, Protocol.TCP, verdict, "So it is.", "", (place,)))
    assert result.word
    assert result.rows[0].cells[2] == "So it is. Do this."


def test_all_that_is_wrong_with_a_certificate_is_told() -> None:
    now = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    certificate = Certificate("me", "issuer\u202e", ("a.example",), now, now, is_self_signed=True)
    problems = (CertificateProblem.EXPIRED, CertificateProblem.WRONG_NAME)
    result = result_of(
        TlsReport(
            TARGET,
            Verdict.FAILED,
            3.0,
            "Wrong.",
            certificate=certificate,
            days_left=-3,
            problems=problems,
            version="TLSv1.3",
            cipher="AES",
        )
    )
    told = {line.cells for line in result.rows if line.severity is Severity.BAD}
    assert told == {
        ("Problem", "It expired on 2026-01-01."),
        ("Problem", "It is for a.example, not for localhost."),
    }
    facts = dict(line.cells for line in result.rows)
    assert facts["Valid until"].endswith("(3 days ago)")
    assert facts["Issuer"].endswith("(self-signed)")


def test_redirects_are_lines_and_the_text_has_all_of_them() -> None:
    hops = (Hop("http://a/", 302, 5.0, HERE), Hop("http://a/b", 200, 150.0, HERE))
    report = HttpReport("http://a/", Verdict.OK, 5, "HTTP 200.", "", 200, "", 1234, False, hops)
    result = result_of(report)
    assert [line.cells[3] for line in result.rows] == ["http://a/", "http://a/b"]
    assert "1,234 bytes" in result.detail
    text = result.as_text("HTTP http://a/")
    assert text.startswith("HTTP http://a/\nOK: HTTP 200.")
    assert "2\t200\t150 ms\thttp://a/b\t127.0.0.1:80" in text


@pytest.mark.parametrize(
    ("time_ms", "text"), [(None, ""), (0.081, "0.08 ms"), (12.44, "12.4 ms"), (1250, "1,250 ms")]
)
def test_times_have_figures_that_mean_something(time_ms: float | None, text: str) -> None:
    assert time_text(time_ms) == text


def test_one_try_has_one_time() -> None:
    assert times_text(Latency(5, 5, 5)) == "5.0 ms"


def test_a_scan_sums_up_and_names_what_differs() -> None:
    report = ScanReport(
        "localhost", "127.0.0.1", True, 10, (OpenPort(80, "http", 1),), 7, (5, 6), 0, 950, ("::1",)
    )
    word, detail = summary(report)
    assert word == "1 open port"
    assert detail == (
        "localhost (127.0.0.1): 10 ports asked in 950 ms; 7 closed, 2 filtered. Filtered: 5-6. "
        "Not scanned: ::1."
    )
    different = TableComparison((row(5),), (80,))
    assert describe_differences(different, {5: "nginx"}) == (
        "Listens, but could not be reached: 127.0.0.1:5 (nginx).\n"
        "Answers, but the socket table does not know it: 80."
    )
    assert "the same" in describe_differences(TableComparison((), ()), {})


def test_the_certificates_above_and_a_demand_for_the_clients_own_are_told() -> None:
    now = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    leaf = Certificate("me", "Middle", ("localhost",), now, now, is_self_signed=False)
    middle = Certificate("Middle", "Root", (), now, now, is_self_signed=False)
    report = TlsReport(
        TARGET,
        Verdict.FAILED,
        3.0,
        "Wrong.",
        certificate=leaf,
        problems=(CertificateProblem.ISSUER_EXPIRED,),
        chain=(leaf, middle),
        client_certificate=ClientCertificate.DEMANDED,
    )
    rows = dict(line.cells for line in result_of(report).rows)
    assert rows["Problem"] == "The certificate of its issuer “Middle” expired on 2026-01-01."
    assert rows["Sent with it"] == "Middle, valid until 2026-01-01"
    assert rows["Client certificate"].startswith("required")
