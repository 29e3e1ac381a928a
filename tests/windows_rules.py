"""Rules of Windows' firewall that tests make up, and the machine around them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from portview.domain.firewall import FirewallQuestion
from portview.domain.sockets.socket_row import Protocol
from portview.firewall.windows.policy import Policy, Store, StoredRule
from portview.firewall.windows.programs import path_reader
from portview.firewall.windows.rule import read_rule
from portview.firewall.windows.rules import WindowsRules
from portview.firewall.windows.surroundings import Profile, Surroundings

if TYPE_CHECKING:
    from collections.abc import Iterable

    from portview.firewall.windows.rule import WindowsRule

VARIABLES = {"systemroot": r"C:\Windows", "programfiles": r"C:\Program Files"}
SERVER = r"C:\Program Files\Acme\server.exe"
SVCHOST = r"C:\Windows\System32\svchost.exe"


def rule_text(action: str = "Allow", *fields: str, active: str = "TRUE", name: str = "Web") -> str:
    """Write an inbound rule as Windows does."""
    parts = [f"Action={action}", f"Active={active}", "Dir=In", *fields, f"Name={name}"]
    return f"v2.31|{'|'.join(parts)}|"


def stored(text: str, store: Store = Store.LOCAL, rule_id: str = "") -> StoredRule:
    return StoredRule(store, rule_id or f"{{{abs(hash(text)):x}}}", text)


def read(text: str, store: Store = Store.LOCAL) -> WindowsRule:
    return read_rule(stored(text, store), path_reader(VARIABLES))


def firewall(
    *texts: str | StoredRule,
    active: Iterable[Profile] = (Profile.PRIVATE,),
    surroundings: dict[str, Any] | None = None,
    **policy: Any,
) -> WindowsRules:
    """Make a firewall of rules; ``policy`` are parts of what the registry says."""
    rules = tuple(
        text if isinstance(text, StoredRule) else stored(text, rule_id=f"r{number}")
        for number, text in enumerate(texts)
    )
    around = Surroundings(frozenset(active), VARIABLES, **(surroundings or {"version": (10, 0)}))
    return WindowsRules(1, Policy(rules, **policy), around)


def ask(port: int = 8080, **about: Any) -> FirewallQuestion:
    """Ask about a server that is known, as PortView does."""
    about = {"program": SERVER, **about}
    return FirewallQuestion(about.pop("protocol", Protocol.TCP), port, **about)


SOME_REMOTES = [
    (),
    ("RA4=LocalSubnet", "RA6=LocalSubnet"),
    ("RA4=10.0.0.0/255.0.0.0",),
    ("RA4=10.1.0.0-10.1.255.255",),
    ("RA4=0.0.0.0-127.255.255.255", "RA6=::/1"),
    ("RA4=128.0.0.0-255.255.255.255", "RA6=8000::/1"),
    ("RA4=203.0.113.7",),
    ("RA42=IntrAnet",),
]
SOME_PORTS = [
    (),
    ("LPort=8080",),
    ("LPort=80", "LPort2_10=8000-9000"),
    ("LPort=RPC",),
    ("LPort=81",),
]
SOME_PROGRAMS = [
    (),
    (r"App=%ProgramFiles%\Acme\server.exe",),
    (r"App=%Unknown%\server.exe",),
    ("App=System",),
    (r"App=C:\Windows\System32\svchost.exe", "Svc=Web"),
    ("AppPkgId=S-1-15-2-1",),
]
SOME_PROFILES = [
    (),
    ("Profile=Private",),
    ("Profile=Public",),
    ("Profile=Domain", "Profile=Private"),
]
SOME_OTHERS = [
    (),
    ("Edge=TRUE",),
    ("Security=Authenticate",),
    ("LUOwn=S-1-1-0",),
    ("Novelty=1",),
    ("Platform=2:6:2", "Platform2=GTEQ"),
    ("IFType=Lan",),
    ("IFType=Lan", "IFType=Wireless"),
    ("IFType=Wireless",),
    ("LA4=192.0.2.5",),
    ("LA4=192.0.2.6",),
    ("RPort=53",),
    ("RPort=50123",),
    ("TTK2_22=WFDPrint",),
]
ACTIONS = ["Allow", "Allow", "Block", "ByPass", "Whatever"]
MOSTLY_ON = ["TRUE", "TRUE", "TRUE", "FALSE"]
PROTOCOLS = [(), ("Protocol=6",), ("Protocol=6",), ("Protocol=17",)]
STORES = [Store.LOCAL, Store.LOCAL, *Store]
_some_actions = st.sampled_from(ACTIONS)
_mostly_on = st.sampled_from(MOSTLY_ON)


@st.composite
def rule_texts(
    draw: st.DrawFn,
    actions: st.SearchStrategy[str] = _some_actions,
    active: st.SearchStrategy[str] = _mostly_on,
) -> str:
    """Return an inbound rule, likely to be about a server on TCP port 8080."""
    fields = (
        *draw(st.sampled_from(PROTOCOLS)),
        *draw(st.sampled_from(SOME_PROFILES)),
        *draw(st.sampled_from(SOME_PORTS)),
        *draw(st.sampled_from(SOME_REMOTES)),
        *draw(st.sampled_from(SOME_PROGRAMS)),
        *draw(st.sampled_from(SOME_OTHERS)),
    )
    return rule_text(
        draw(actions),
        *fields,
        active=draw(active),
        name=draw(st.sampled_from(["Web", "@FirewallAPI.dll,-25301", "a b", ""])),
    )


def stored_rules(**options: Any) -> st.SearchStrategy[StoredRule]:
    """Return a rule of any store; local ones most often."""
    stores = st.sampled_from(STORES)
    names = st.integers(0, 10**9).map(lambda number: f"{{{number:x}}}")
    return st.builds(StoredRule, stores, names, rule_texts(**options))


QUESTIONS: dict[str, list[Any]] = {
    "protocol": [Protocol.TCP, Protocol.UDP],
    "port": [8080, 8080, 80, 443, 5353],
    "local_address": [None, None, "0.0.0.0", "::", "192.0.2.5", "fd00::5"],  # noqa: S104 - data
    "program": [SERVER, SERVER, SVCHOST, "System", None],
    "services": [(), (), ("Web",), ("Web", "Other")],
    "package": [None, None, "S-1-15-2-1"],
    "remote": [None, None, "10.1.2.3", "203.0.113.7", "fe80::9", "2001:db8::9"],
}
questions = st.builds(
    FirewallQuestion, **{name: st.sampled_from(some) for name, some in QUESTIONS.items()}
)

policies = st.fixed_dictionaries(
    {},
    optional={
        "local": st.dictionaries(
            st.sampled_from(["domainprofile", "standardprofile", "publicprofile"]),
            st.fixed_dictionaries(
                {},
                optional={
                    "enablefirewall": st.integers(0, 1),
                    "donotallowexceptions": st.integers(0, 1),
                    "defaultinboundaction": st.integers(0, 1),
                },
            ),
        ),
        "policy": st.dictionaries(
            st.sampled_from(["domainprofile", "standardprofile", "privateprofile"]),
            st.fixed_dictionaries({}, optional={"allowlocalpolicymerge": st.integers(0, 1)}),
        ),
    },
)
actives = st.sets(st.sampled_from(Profile))
