"""Rule strings in the shapes that Windows 7 to 11, installers and policies write."""

from __future__ import annotations

import pytest

from portview.domain.firewall import FirewallVerdict
from portview.firewall.windows.policy import Store
from portview.firewall.windows.rule_string import parse_rule
from tests.windows_rules import SERVER, SVCHOST, ask, firewall, stored

ALLOWED, BLOCKED = FirewallVerdict.ALLOWED, FirewallVerdict.BLOCKED
PARTLY, UNKNOWN = FirewallVerdict.PARTLY, FirewallVerdict.UNKNOWN
IN = "Active=TRUE|Dir=In|Protocol=6"
APP = f"App={SERVER}"
SDDL = "O:LSD:(A;;CC;;;S-1-5-21-1111111111-2222222222-333333333-1001)"

SHAPES = {
    "Windows 7": (f"v2.10|Action=Allow|{IN}|LPort=8080|{APP}|Name=Web|", ALLOWED),
    "Windows 7, a named group": (
        (
            f"v2.10|Action=Allow|{IN}|Profile=Private|Profile=Domain|LPort=8080|{APP}"
            "|Name=@FirewallAPI.dll,-28502|Desc=@FirewallAPI.dll,-28506"
            "|EmbedCtxt=@FirewallAPI.dll,-28502|"
        ),
        ALLOWED,
    ),
    "Windows 8, a range": (
        f"v2.20|Action=Allow|{IN}|LPort2_10=8000-8100|LPort=443|{APP}|Name=Web|Edge=TRUE|",
        ALLOWED,
    ),
    "Windows 10, the question that a program asks": (
        (
            f"v2.30|Action=Allow|{IN}|Profile=Private|{APP}|Name=server.exe|Desc=server.exe"
            "|Defer=User|"
        ),
        ALLOWED,
    ),
    "Windows 11, a client that is not in the network": (
        f"v2.33|Action=Allow|{IN}|Profile=Public|LPort=8080|{APP}|Name=Web|",
        BLOCKED,
    ),
    "an installer with a version of its own": (
        f"V4.0|Action=Allow|{IN}|LPort=8080|{APP}|Name=Acme Service|",
        ALLOWED,
    ),
    "keys and values in another case": (
        f"v2.27|action=allow|ACTIVE=true|dir=IN|protocol=6|LPORT=8080|app={SERVER.upper()}|NAME=W|",
        ALLOWED,
    ),
    "doubled backslashes and a variable": (
        rf"v2.29|Action=Allow|{IN}|LPort=8080|App=%ProgramFiles%\\Acme\\server.exe|Name=Web|",
        ALLOWED,
    ),
    "no protocol": (f"v2.31|Action=Allow|Active=TRUE|Dir=In|{APP}|Name=Web|", ALLOWED),
    "another protocol": (
        f"v2.31|Action=Allow|Active=TRUE|Dir=In|Protocol=1|ICMP4=8:*|{APP}|Name=Ping|",
        BLOCKED,
    ),
    "going out": (
        f"v2.31|Action=Allow|{IN.replace('In', 'Out')}|RPort=8080|{APP}|Name=W|",
        BLOCKED,
    ),
    "switched off": (f"v2.31|Action=Allow|{IN.replace('TRUE', 'FALSE')}|{APP}|Name=W|", BLOCKED),
    "the local subnet": (
        f"v2.31|Action=Allow|{IN}|LPort=8080|RA4=LocalSubnet|RA6=LocalSubnet|{APP}|Name=Web|",
        PARTLY,
    ),
    "a mask in place of a length": (
        f"v2.31|Action=Allow|{IN}|LPort=8080|RA4=10.0.0.0/255.255.255.0|{APP}|Name=Web|",
        PARTLY,
    ),
    "addresses that only Windows knows": (
        f"v2.31|Action=Allow|{IN}|LPort=8080|RA42=IntrAnet|RA62=IntrAnet|{APP}|Name=Web|",
        PARTLY,
    ),
    "a port that only Windows knows": (
        f"v2.31|Action=Allow|{IN}|LPort=RPC|{APP}|Name=Web|",
        UNKNOWN,
    ),
    "protected by IPsec": (
        f"v2.31|Action=Allow|{IN}|LPort=8080|Security=Authenticate|{APP}|Name=Web|",
        PARTLY,
    ),
    "certain computers": (
        f"v2.31|Action=Allow|{IN}|LPort=8080|Security=Authenticate|RMauth={SDDL}|{APP}|Name=Web|",
        PARTLY,
    ),
    "the programs of one user": (
        (
            f"v2.31|Action=Allow|{IN}|LPort=8080|LUOwn=S-1-5-21-1111111111-2222222222-333333333-1001"
            f"|{APP}|Name=Web|"
        ),
        UNKNOWN,
    ),
    "wireless only": (
        f"v2.31|Action=Allow|{IN}|LPort=8080|IFType=Wireless|{APP}|Name=Web|",
        PARTLY,
    ),
    "a later Windows": (
        f"v2.31|Action=Allow|{IN}|LPort=8080|Platform=2:6:2|Platform2=GTEQ|{APP}|Name=Web|",
        ALLOWED,
    ),
    "an earlier Windows": (
        f"v2.31|Action=Allow|{IN}|LPort=8080|Platform=2:6:1|{APP}|Name=Web|",
        BLOCKED,
    ),
    "an app": (
        (
            f"v2.33|Action=Allow|{IN}|LPort=8080|LUOwn=S-1-5-21-1-2-3-1001"
            "|AppPkgId=S-1-15-2-1111111111-222222222-333333333-444444444-555555555-666666666-777777777"
            "|PFN=Acme.Reader_1a2b3c4d5e6f7|Name=Reader|"
        ),
        BLOCKED,
    ),
    "what Windows trusts": (
        f"v2.28|Action=Allow|{IN}|LPort=8080|TTK2_28=WFDCDPSvc|{APP}|Name=Cast|",
        BLOCKED,
    ),
    "a key that nobody has seen": (
        f"v2.99|Action=Allow|{IN}|LPort=8080|Weather=Fair|{APP}|Name=Web|",
        UNKNOWN,
    ),
}


@pytest.mark.parametrize(("text", "expected"), SHAPES.values(), ids=SHAPES)
def test_rules_of_every_shape_are_read(text: str, expected: FirewallVerdict) -> None:
    assert not parse_rule(text).damage
    answer = firewall(text).decide(ask())
    assert answer.verdict is expected, answer.reason


NAMES = (
    "Datei- und Druckerfreigabe (SMB eingehend)",
    "Partage de fichiers et imprimantes",
    "Общий доступ к файлам и принтерам",
    "文件和打印机共享(SMB-In)",
    "ファイルとプリンターの共有",
    "파일 및 프린터 공유",
    "مشاركة الملفات والطابعات",
    "Compartir archivos e impresoras = (SMB)",
    "Udostępnianie plików 🖨",
    "@{Acme.Reader_1.0.0.0_x64__1a2b3c4d5e6f7?ms-resource://Acme.Reader/Resources/Name}",
    "@%SystemRoot%\\system32\\firewallapi.dll,-37302",
)


@pytest.mark.parametrize("name", NAMES)
def test_names_in_every_language_are_kept(name: str) -> None:
    text = f"v2.31|Action=Allow|{IN}|LPort=8080|{APP}|Name={name}|Desc={name}|EmbedCtxt={name}|"
    answer = firewall(text).decide(ask())
    assert answer.verdict is ALLOWED
    assert answer.rule is not None
    assert answer.rule.name == name
    assert answer.rule.text == text


def test_hardening_rules_are_on_without_being_switched_on() -> None:
    text = (
        "V2.0|Action=Block|Dir=in|LPORT=8080|Protocol=6|app=%SystemRoot%\\System32\\svchost.exe"
        "|Svc=Web|Name=Block inbound|"
    )
    allow = f"v2.31|Action=Allow|{IN}|LPort=8080|App={SVCHOST}|Svc=Web|Name=Web|"
    rules = firewall(stored(text, Store.STATIC), stored(allow))
    assert rules.decide(ask(program=SVCHOST, services=("Web",))).verdict is BLOCKED
    assert rules.decide(ask(program=SVCHOST, services=("Other",))).verdict is BLOCKED
    assert rules.decide(ask(9090, program=SVCHOST, services=("Web",))).verdict is BLOCKED
