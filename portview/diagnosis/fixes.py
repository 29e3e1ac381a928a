"""The fixes that several causes share, each with its command, its harm and its undo."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portview.actions.specs.setting import SettingChange, SettingKind, reserve
from portview.actions.specs.setting_command import command_of
from portview.command_name import command_line
from portview.diagnosis.finding import Fix, Harm
from portview.diagnosis.remedies import Remediation, RemediationKind
from portview.diagnosis.wording import describe_process
from portview.domain.json_schema import iso_time
from portview.domain.plain_text import inert
from portview.domain.sockets.socket_row import Endpoint, Protocol, endpoint_text
from portview.i18n import N_, _, join_list, join_sentences

if TYPE_CHECKING:
    from collections.abc import Iterable

    from portview.diagnosis.facts import Facts, PortSocket
    from portview.domain.owners.process import ProcessInfo

_WHERE_PORTS_STAND = {
    "node": N_("PORT=… npm start, or --port"),
    "vite": N_("vite --port …, or server.port in vite.config"),
    "next-server": N_("next dev -p …"),
    "python": N_("--port …, or the address in the script"),
    "uvicorn": N_("uvicorn --port …"),
    "gunicorn": N_("gunicorn --bind :…"),
    "java": N_("server.port in application.properties, or -Dserver.port=…"),
    "dotnet": N_("ASPNETCORE_URLS, or applicationUrl in launchSettings.json"),
    "nginx": N_("listen …; in nginx.conf"),
    "apache2": N_("Listen … in ports.conf"),
    "httpd": N_("Listen … in httpd.conf"),
    "postgres": N_("port = … in postgresql.conf"),
    "mysqld": N_("port=… in my.cnf"),
    "mongod": N_("net.port in mongod.conf"),
    "redis-server": N_("port … in redis.conf"),
    "php": N_("php -S localhost:…"),
    "ruby": N_("rails server -p …, or config/puma.rb"),
    "puma": N_("config/puma.rb"),
    "caddy": N_("the site address in Caddyfile"),
    "docker-proxy": N_("the first number of -p …:…"),
    "sshd": N_("Port … in sshd_config"),
}
"""Where the number of its port usually stands for a program."""


def use_another_port(facts: Facts) -> tuple[Fix, ...]:
    """Offer a port that is free, the gentlest fix of all."""
    other = facts.free_port.value
    command = (*facts.me.own_command, "pick", "--near", str(facts.port))
    if other is None:
        return (Fix(_("Use another port."), command),)
    return (
        Fix(
            _("Use another port: {port} is free.").format(port=other),
            command,
            remediation=Remediation(RemediationKind.PICK_PORT, other, facts.protocol),
        ),
    )


def where_its_port_stands(info: ProcessInfo) -> str:
    """Return where the port of a known program is set, "" for others."""
    name = (info.name or "").lower().removesuffix(".exe")
    if name.startswith("python"):
        name = "python"
    found = _WHERE_PORTS_STAND.get(name, "")
    return _(found) if found else ""


def free_the_port(facts: Facts, sockets: Iterable[PortSocket], *, is_admin: bool = False) -> Fix:
    """Offer to stop whoever holds the port, through the same action as everywhere."""
    sockets = tuple(sockets)
    services = sorted({name for one in sockets for name in one.services})
    needs = is_admin or (not facts.me.is_elevated and any(one.is_mine is False for one in sockets))
    command = [*facts.me.own_command, "free", str(facts.port)]
    if facts.protocol is Protocol.UDP:
        command += ["--proto", "udp"]
    if facts.question.address is not None:
        command += ["--address", facts.question.address]
    if services:
        sentence = _("Stop the service {name}.").format(name=inert(join_list(services), 120))
        harm, harm_words = Harm.SHARED, _("Clients of the service lose it.")
        undo = _("Start the service again.")
    else:
        owners = {info.key: info for one in sockets for info in one.owners}
        name = join_list(describe_process(info) for info in list(owners.values())[:3])
        sentence = (
            _("Stop {process}.").format(process=name) if name else _("Stop what holds the port.")
        )
        harm, harm_words = Harm.PROGRAM, _("The program ends; what it had not saved is lost.")
        undo = _("Start the program again.")
    return Fix(
        sentence,
        tuple(command),
        needs_admin=needs,
        harm=harm,
        harm_words=harm_words,
        undo=undo,
        remediation=Remediation(
            RemediationKind.FREE_PORT, facts.port, facts.protocol, facts.question.address
        ),
    )


def end_process(facts: Facts, info: ProcessInfo) -> Fix:
    """Offer to end one process."""
    started = iso_time(info.key.started_ms or None) or ""
    return Fix(
        _("End {process}.").format(process=describe_process(info)),
        (*facts.me.own_command, "end", str(info.pid), "--started", started),
        needs_admin=False,
        harm=Harm.PROGRAM,
        harm_words=_("The program ends; what it had not saved is lost."),
        undo=_("Start the program again."),
        remediation=Remediation(RemediationKind.END_PROCESS, process=info.key),
    )


def resume_process(facts: Facts, info: ProcessInfo) -> Fix:
    """Offer to let a suspended process run on."""
    started = iso_time(info.key.started_ms or None) or ""
    return Fix(
        _("Resume {process}.").format(process=describe_process(info)),
        (*facts.me.own_command, "resume", str(info.pid), "--started", started),
        needs_admin=False,
        harm=Harm.LITTLE,
        harm_words=_("It may have been suspended for a reason, such as by a debugger."),
        undo=_("Suspend it again."),
        remediation=Remediation(RemediationKind.RESUME_PROCESS, process=info.key),
    )


def close_connection(facts: Facts, socket: PortSocket) -> Fix | None:
    """Offer to close one connection; None where its other end is not known."""
    if socket.remote is None:
        return None
    local, remote = (
        Endpoint(socket.address, facts.port),
        Endpoint(socket.remote, socket.remote_port),
    )
    return Fix(
        _("Close the connection to {remote}.").format(remote=endpoint_text(remote)),
        (*facts.me.own_command, "close", endpoint_text(local), endpoint_text(remote)),
        needs_admin=True,
        harm=Harm.PROGRAM,
        harm_words=_("The program at either end loses this connection; most connect again."),
        undo="",
        remediation=Remediation(RemediationKind.CLOSE_CONNECTION, local=local, remote=remote),
    )


def reserve_port(facts: Facts) -> Fix:
    """Offer to keep the port from being given to outgoing connections in future."""
    lasting = (
        _("It stays until it is ended.")
        if facts.platform == "win32"
        else _("It lasts until the next restart.")
    )
    harm = _("No outgoing connection gets the port any more.")
    return change_setting(
        facts,
        _("Reserve the port, so that the system gives it to no outgoing connection in future."),
        reserve(facts.port, protocol=facts.protocol),
        harm=Harm.LITTLE,
        harm_words=join_sentences(harm, lasting),
        undo=SettingChange(SettingKind.RELEASE, f"{facts.port}-{facts.port}", facts.protocol),
    )


def change_setting(
    facts: Facts,
    sentence: str,
    change: SettingChange,
    *,
    harm: Harm,
    harm_words: str,
    undo: SettingChange | None,
) -> Fix:
    """Offer to change a setting, with the command that changes it back."""
    return Fix(
        sentence,
        (*facts.me.own_command, *command_of(change)[1:]),
        needs_admin=True,
        harm=harm,
        harm_words=harm_words,
        undo=command_line(*command_of(undo)[1:]) if undo is not None else "",
        remediation=Remediation(RemediationKind.CHANGE_SETTING, facts.port, change=change),
    )
