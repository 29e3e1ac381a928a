"""``metrics``: print, serve or write the metrics that Prometheus reads."""

from __future__ import annotations

import os
import signal
import ssl
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from portview.cli.arguments import parse_endpoint
from portview.cli.console import print_bytes, print_note
from portview.domain.address_matching import is_this_machine_only
from portview.domain.errors import Outcome, PortViewError
from portview.domain.sockets.socket_row import endpoint_text
from portview.i18n import _

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from portview.domain.sockets.socket_row import Endpoint

DEFAULT_PLACE = "127.0.0.1:9188"
TOKEN_VARIABLE = "PORTVIEW_METRICS_TOKEN"  # noqa: S105 - a variable's name
_WORLD_READABLE = 0o644


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``metrics`` to the command line."""
    parser = commands.add_parser(
        "metrics",
        help=_("print, serve or write metrics for Prometheus"),
        description=_(
            "Print what is known about watches and sockets in the text format of Prometheus. "
            "Nothing is evaluated: `watch run` does that."
        ),
        epilog=_("Where {variable} is set, a client has to send it as bearer token.").format(
            variable=TOKEN_VARIABLE
        ),
    )
    how = parser.add_mutually_exclusive_group()
    how.add_argument(
        "--listen",
        metavar="ADDRESS:PORT",
        nargs="?",
        const=DEFAULT_PLACE,
        help=_("serve /metrics until interrupted (default: {place})").format(place=DEFAULT_PLACE),
    )
    how.add_argument(
        "--textfile", metavar="FILE", help=_("write a .prom file for an exporter's folder, whole")
    )
    parser.add_argument(
        "--allow-remote",
        action="store_true",
        help=_("allow --listen at an address that other machines reach"),
    )
    parser.add_argument("--tls-cert", metavar="FILE", help=_("serve HTTPS with this certificate"))
    parser.add_argument("--tls-key", metavar="FILE", help=_("the key of the certificate"))
    parser.add_argument(
        "--listeners",
        action="store_true",
        help=_("one more series for each listening socket, at most 500"),
    )
    parser.set_defaults(run=run, json=False)


def run(options: argparse.Namespace) -> Outcome:
    """Print, serve or write."""
    from portview.watch.metrics.exposition import exposition  # noqa: PLC0415 - loaded when wanted
    from portview.watch.metrics.readings import take_readings  # noqa: PLC0415 - likewise

    def render() -> bytes:
        return exposition(take_readings(), with_listeners=options.listeners)

    if options.listen is not None:
        return _serve(options, render)
    if options.textfile is not None:
        return _write(Path(options.textfile), render())
    print_bytes(render())
    return Outcome.DONE


def _write(path: Path, content: bytes) -> Outcome:
    from portview.files import write_whole  # noqa: PLC0415 - loaded when wanted

    if path.suffix != ".prom":
        raise PortViewError(
            "bad_file_name",
            _("Exporters read only files whose names end in .prom."),
            _("For example: --textfile {name}.prom").format(name=path.stem or "portview"),
            Outcome.BAD_INPUT,
        )
    # The exporter runs as another user.
    write_whole(path, content, mode=_WORLD_READABLE)
    return Outcome.DONE


def _serve(options: argparse.Namespace, render: Callable[[], bytes]) -> Outcome:
    from portview.watch.metrics.server import MetricsServer, ServerOptions  # noqa: PLC0415 - likewise

    place = _place(options.listen)
    _require_loopback(place, is_allowed=options.allow_remote)
    certificate = Path(options.tls_cert) if options.tls_cert else None
    key = Path(options.tls_key) if options.tls_key else None
    wanted = ServerOptions(os.environ.get(TOKEN_VARIABLE, ""), certificate, key)
    try:
        server = MetricsServer((place.address, place.port), render, wanted)
    except ssl.SSLError as error:
        raise PortViewError(
            "bad_certificate",
            _("The certificate can't be used: {reason}.").format(reason=error.reason or error),
            _("--tls-cert and --tls-key name PEM files that belong together."),
            Outcome.BAD_INPUT,
        ) from error
    except OSError as error:
        raise PortViewError(
            "not_listening",
            _("{place} can't be listened on: {reason}.").format(
                place=endpoint_text(place), reason=error.strerror or error
            ),
            _("See who has it: portview why {port}").format(port=place.port),
            Outcome.NOT_DONE,
        ) from error
    scheme = "https" if certificate else "http"
    bound = place._replace(port=int(server.server_address[1]))
    print_note(_("Serving {url}").format(url=f"{scheme}://{endpoint_text(bound)}/metrics"))
    _serve_until_signalled(server)
    return Outcome.DONE


def _serve_until_signalled(server: object) -> None:
    from portview.watch.metrics.server import MetricsServer  # noqa: PLC0415 - likewise

    if not isinstance(server, MetricsServer):
        raise TypeError
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.2,), name="metrics")
    thread.start()
    try:
        while thread.is_alive():
            thread.join(1.0)
    except KeyboardInterrupt:
        pass
    finally:
        signal.signal(signal.SIGTERM, before)
        server.shutdown()
        thread.join()
        server.server_close()


def _place(text: str) -> Endpoint:
    if text.isdecimal() or text.startswith(":"):
        text = f"127.0.0.1:{text.removeprefix(':')}"
    return parse_endpoint(text.replace("localhost:", "127.0.0.1:", 1))


def _require_loopback(place: Endpoint, *, is_allowed: bool) -> None:
    if is_this_machine_only(place.address):
        return
    what = _("Other machines can read at {place} what listens here and what is watched.").format(
        place=endpoint_text(place)
    )
    if not is_allowed:
        raise PortViewError(
            "not_loopback",
            what,
            _("If that is meant, add --allow-remote; {variable} and --tls-cert protect it.").format(
                variable=TOKEN_VARIABLE
            ),
            Outcome.BAD_INPUT,
        )
    print_note(what)
