"""What an error of a socket call means, where nothing is known but its name."""

from __future__ import annotations

from portview.i18n import N_, _

_MEANINGS = {
    "EADDRINUSE": N_(
        "The port is already taken: by a program that listens, one that has only bound it, an "
        "outgoing connection, or what is left of an earlier server."
    ),
    "EACCES": N_(
        "The system denies the port: it is a privileged or an excluded one, another program has it "
        "for itself, or a security policy forbids it."
    ),
    "EPERM": N_("A security policy of the program forbids it, such as a sandbox of its service."),
    "EADDRNOTAVAIL": N_(
        "To a server: this machine does not have the address. To a client: no dynamic port is left "
        "for the connection."
    ),
    "EAFNOSUPPORT": N_("The address family is not there: IPv6 may be switched off."),
    "EINVAL": N_("The address is not valid for a bind: a link-local one needs its interface."),
    "ENOBUFS": N_("The system has no buffer or no dynamic port left."),
    "EMFILE": N_("The program has too many files and sockets open."),
    "ECONNREFUSED": N_("Nothing listens at the address that the client called."),
    "ECONNRESET": N_("The other end, or something in between, cut the connection off."),
    "ETIMEDOUT": N_(
        "Nothing answered: a firewall drops the packets, the host is off, or the queue of the "
        "server is full."
    ),
    "EHOSTUNREACH": N_("There is no way to the host, or a firewall rejects the connection."),
    "ENETUNREACH": N_("This machine has no route to that network."),
    "ALREADY_REGISTERED": N_(
        "Another program has registered the same address with http.sys, or a socket stands in the "
        "range that was to be reserved."
    ),
    "BLOCKED_PORT": N_("Browsers refuse to open that port, whatever the server does."),
    "TLS_MISMATCH": N_("One end speaks TLS and the other does not."),
    "EMPTY_RESPONSE": N_("The server accepted the connection and closed it without responding."),
    "PROXY": N_("A proxy stands between the client and the server."),
}


def meaning_of(error: str) -> str:
    """Return a sentence on an error's name, as ``PastedError.error`` has it; "" for others."""
    found = _MEANINGS.get(error, "")
    return _(found) if found else ""
