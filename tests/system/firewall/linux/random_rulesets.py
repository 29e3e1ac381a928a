"""Rulesets by chance, in nft's language: every hook, states, flags, marks, sets, jumps, NAT."""

from __future__ import annotations

from random import Random

MATCHES = (
    *("tcp dport 8080", "udp dport 8080", "tcp dport != 8080", "th dport 8000-8100"),
    *("tcp sport 8080", "udp sport 8080", "tcp sport { 8080, 9090 }", "tcp dport 9090"),
    *("ip saddr 10.199.0.1", "ip saddr 10.199.0.0/30", "ip6 saddr fd99::7", "ip daddr 10.199.0.7"),
    *("ip saddr != 10.199.0.7", "ip6 daddr fd99::2", "meta nfproto ipv4", "meta nfproto ipv6"),
    *("ct state new", "ct state established", "ct state established,related", "ct state invalid"),
    *("ct state != new", "ct state { new, established }", "ct direction original"),
    *(
        "ct direction reply",
        "ct status dnat",
        "ct status ! dnat",
        "ct status seen-reply",
    ),
    *("ct mark 0", "ct mark 7", "meta mark 5", "meta mark & 4 == 4"),
    *("tcp flags syn", "tcp flags & (syn|ack) == syn", "tcp flags & (fin|syn|rst|ack) != syn"),
    *("tcp flags & (syn|ack) == (syn|ack)", "tcp flags ack", "tcp flags psh", "tcp flags != syn"),
    *('iifname "cable0"', "iif lo", 'oifname "cable*"', "meta l4proto tcp", "meta l4proto udp"),
    *("ip ttl 64", "ip ttl < 10", "ip ttl > 200", "ip6 hoplimit >= 64", "meta length < 2000"),
    *("meta length 40-120", "meta length > 60000", "meta pkttype host", "meta pkttype multicast"),
    *("meta iiftype ether", "meta iiftype loopback", "fib daddr type local", "meta cpu 0-4095"),
    *("fib saddr . iif oif exists", "meta day { Monday, Tuesday, Wednesday, Thursday, Friday }"),
    *('meta hour "00:00"-"23:59"', 'meta time > "2020-01-01 00:00:00"', "meta ipsec missing"),
    *("limit rate 10000/second burst 10000 packets", "ct count over 1000000", "ct zone 0"),
    *("tcp option maxseg size 1-500", "tcp option maxseg exists", "numgen random mod 2 0"),
    *("ip saddr @friends", "ip6 saddr @friends6", "tcp dport @doors", "ct l3proto ipv4"),
)
"""Conditions; some are about another protocol or IP version, and match nothing else."""

CHANGES = (
    *("counter", "meta mark set 5", "meta mark set meta mark | 4", "ct mark set 7"),
    *("meta mark set ct mark", "ct mark set meta mark", "notrack", 'log prefix "by chance "'),
)
ENDS = (*["accept"] * 6, *["drop"] * 5, "reject", "return", "jump inner", "goto inner", "continue")
# For chains that come before routing, or that are bound to a device.
EARLY_ENDS = ("accept", "accept", "drop", "return")
NAT_ENDS = ("redirect to :9090", "redirect to :8080", "redirect to :7070", "accept")
_HEAD = """
  set friends { type ipv4_addr; flags interval; elements = { 10.199.0.0/30, 192.0.2.0/24 } }
  set friends6 { type ipv6_addr; elements = { fd99::7 } }
  set doors { type inet_service; elements = { 22, 8080 } }
"""
# Where tables of connections are of no use, and what is known is the packet alone.
_DEVICE_MATCHES = tuple(
    one for one in MATCHES if one.split()[0] in {"tcp", "udp", "ip", "ip6", "th"} and "@" not in one
)


def ruleset(seed: int) -> str:
    """Return the same ruleset for the same number."""
    chance = Random(seed)
    # "reject" is not for every hook that may jump there.
    inner = _rules(chance, 3, [one for one in ENDS if "inner" not in one and one != "reject"])
    parts = [f"chain inner {{\n{inner}\n}}"]
    parts.append(_chain(chance, "input", chance.choice(("filter", "-10"))))
    if chance.random() < 0.5:
        parts.append(_chain(chance, "output", "filter"))
    if chance.random() < 0.2:
        parts.append(_chain(chance, "prerouting", chance.choice(("raw", "mangle", "filter"))))
    if chance.random() < 0.2:
        parts.append(_chain(chance, "postrouting", chance.choice(("mangle", "srcnat + 50"))))
    text = f"table inet first {{{_HEAD}" + "\n".join(parts) + "\n}\n"
    if chance.random() < 0.25:
        text += _nat(chance)
    if chance.random() < 0.15:
        text += _device(chance)
    if chance.random() < 0.15:
        dormant = "flags dormant\n" if chance.random() < 0.5 else ""
        second = _chain(chance, "input", "5")
        text += f"table inet second {{\n{dormant}{_HEAD} chain inner {{ }}\n{second}\n}}\n"
    return text


def _chain(chance: Random, hook: str, priority: str) -> str:
    is_early = hook in {"prerouting", "postrouting"}
    policy = chance.choice(("accept", "drop")) if hook in {"input", "output"} else "accept"
    rules = _rules(
        chance,
        chance.randint(1, 6),
        list(EARLY_ENDS if is_early else ENDS),
        is_raw=priority == "raw",
    )
    usual = ""
    if policy == "drop" and chance.random() < 0.75:
        usual = "ct state established,related accept\n"
    name = f"{hook}_{priority.replace(' ', '').replace('-', 'm').replace('+', 'p')}"
    return f"""chain {name} {{
  type filter hook {hook} priority {priority}; policy {policy};
  {usual}{rules}
}}"""


def _rules(
    chance: Random, count: int, ends: list[str], *, is_raw: bool = False, is_inward: bool = False
) -> str:
    return "\n".join(_rule(chance, ends, is_raw=is_raw, is_inward=is_inward) for _ in range(count))


def _rule(chance: Random, ends: list[str], *, is_raw: bool, is_inward: bool) -> str:
    while True:
        matches = chance.sample(MATCHES, chance.choice((0, 1, 1, 1, 2, 2)))
        change = chance.choice(CHANGES) if chance.random() < 0.15 else ""
        end = chance.choice(ends)
        if change == "notrack" and not is_raw:
            change = ""
        words = [*matches, change] if change else [*matches, end]
        text = " ".join(filter(None, words))
        if _is_sound(text) and (is_inward or not _is_for_inward(text)):
            return text


def _is_for_inward(text: str) -> bool:
    """Tell whether nft takes a rule only where packets come in."""
    return "fib saddr" in text or "ipsec" in text


def _is_sound(text: str) -> bool:
    """Tell whether nft takes a rule: one about two protocols or IP versions is a mistake to it."""
    words = set(text.split())
    is_v4, is_v6 = bool({"ip", "ipv4"} & words), bool({"ip6", "ipv6"} & words)
    is_tcp, is_udp = "tcp" in words, "udp" in words
    # nft takes no addresses beside a kind of interface.
    if "iiftype" in words and {"ip", "ip6"} & words:
        return False
    return not (is_v4 and is_v6) and not (is_tcp and is_udp) and not ("th" in words and is_tcp)


def _nat(chance: Random) -> str:
    rules = []
    for _ in range(chance.randint(1, 2)):
        port = chance.choice(("tcp dport 8080", "udp dport 8080", "tcp dport 8000-9000"))
        source = chance.choice(("", "ip saddr 10.199.0.1", "ip6 saddr fd99::7"))
        rules.append(f"{source} {port} {chance.choice(NAT_ENDS)}")
    text = "\n".join(rules)
    head = "type nat hook prerouting priority dstnat;"
    return f"table inet nat {{ chain pre {{ {head}\n{text}\n}}\n}}\n"


def _device(chance: Random) -> str:
    hook = chance.choice(("ingress", "egress"))
    rules = []
    while len(rules) < 2:
        text = f"{chance.choice(_DEVICE_MATCHES)} {chance.choice(('accept', 'drop'))}"
        if _is_sound(text):
            rules.append(text)
    text = "\n".join(rules)
    return (
        f'table netdev wire {{ chain c {{ type filter hook {hook} device "cable0" priority 0;\n'
        f"{text}\n}}\n}}\n"
    )


_SAVED_MATCHES = (
    *("-p tcp --dport 8080", "-p udp --dport 8080", "-p tcp --sport 8080", "-p udp --sport 8080"),
    *("-p tcp --dport 8000:8100", "-p tcp -m multiport --dports 22,8080", "-p tcp --syn"),
    *("-p tcp ! --syn", "-p tcp --tcp-flags SYN,ACK SYN,ACK", "-p tcp --tcp-flags ALL ACK"),
    *("-p tcp --tcp-flags FIN,SYN,RST,ACK SYN", "-p tcp -m tcpmss --mss 1:500", "-i lo", "! -i lo"),
    *("-m conntrack --ctstate NEW", "-m conntrack --ctstate ESTABLISHED,RELATED"),
    *(
        "-m conntrack ! --ctstate ESTABLISHED",
        "-m state --state INVALID",
        "-m conntrack --ctdir REPLY",
    ),
    *("-m conntrack --ctstatus SEEN_REPLY", "-m conntrack --ctstate DNAT", "-m mark --mark 4/4"),
    *("-m conntrack --ctproto 6", "-m conntrack --ctorigdstport 8080", "-m connmark --mark 7"),
    *("-m length --length 40:120", "-m length --length 60000:65535", "-m cpu --cpu 0"),
    *("-m pkttype --pkt-type unicast", "-m addrtype --dst-type LOCAL", "-m comment --comment x"),
    *("-m connlimit --connlimit-above 100000", "-m statistic --mode random --probability 0.5"),
    *("-m time --timestart 00:00 --timestop 23:59", "-m time --weekdays Mon,Tue,Wed,Thu,Fri"),
    *("-m limit --limit 10000/sec --limit-burst 10000", "-m socket --nowildcard"),
    *("-m rpfilter", "-p tcp -m hashlimit --hashlimit-upto 10000/sec --hashlimit-name a"),
)
_SAVED_OUTPUT = ("-o lo", "! -o lo", "-m owner --uid-owner 0", "-m owner --uid-owner 1-99")
_SAVED_ONE_FAMILY = {
    "ip": ("-s 10.199.0.1", "-s 10.199.0.0/30", "! -s 10.199.0.7", "-m ttl --ttl-gt 30",
           "-m iprange --src-range 10.199.0.1-10.199.0.3"),
    "ip6": ("-s fd99::1", "! -s fd99::7", "-d fd99::/64", "-m hl --hl-lt 5", "-m rt --rt-type 0"),
}  # fmt: skip
_SAVED_ENDS = (*["ACCEPT"] * 6, *["DROP"] * 5, "REJECT", "RETURN", "inner", "LOG")
_SAVED_CHANGES = (
    *("MARK --set-xmark 4/4", "MARK --set-mark 5", "CONNMARK --set-mark 7"),
    *("CONNMARK --save-mark", "CONNMARK --restore-mark", "MARK --or-mark 6"),
)


def saved_ruleset(seed: int, family: str) -> str:
    """Return a ruleset for iptables-restore or ip6tables-restore (family "ip6")."""
    chance = Random(f"{seed} {family}")
    policies = {name: chance.choice(("ACCEPT", "DROP")) for name in ("INPUT", "OUTPUT")}
    lines = ["*mangle", ":PREROUTING ACCEPT [0:0]"]
    if chance.random() < 0.4:
        for _ in range(chance.randint(1, 3)):
            match = _saved_match(chance, family, "PREROUTING")
            lines.append(f"-A PREROUTING {match} -j {chance.choice(_SAVED_CHANGES)}")
    lines += ["COMMIT", "*nat", ":PREROUTING ACCEPT [0:0]"]
    if chance.random() < 0.3:
        port = chance.choice((8080, 9090, 7070))
        lines.append(f"-A PREROUTING -p tcp --dport 8080 -j REDIRECT --to-ports {port}")
    lines += [
        "COMMIT",
        "*filter",
        *(f":{name} {policy} [0:0]" for name, policy in policies.items()),
    ]
    lines.append(":inner - [0:0]")
    for name, count in (("INPUT", 6), ("OUTPUT", 3), ("inner", 3)):
        if policies.get(name) == "DROP" and chance.random() < 0.75:
            lines.append(f"-A {name} -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT")
        for _ in range(chance.randint(0, count)):
            end = chance.choice([one for one in _SAVED_ENDS if name != "inner" or one != "inner"])
            lines.append(f"-A {name} {_saved_match(chance, family, name)} -j {end}")
    return "\n".join([*lines, "COMMIT", ""])


def _saved_match(chance: Random, family: str, chain: str) -> str:
    matches = [*_SAVED_MATCHES, *_SAVED_ONE_FAMILY[family]]
    if chain == "OUTPUT":
        matches = [*matches, *_SAVED_OUTPUT * 2]
    if chain not in {"PREROUTING", "INPUT"}:
        matches = [one for one in matches if not _is_for_saved_input(one)]
    if chain != "PREROUTING":
        matches = [one for one in matches if "rpfilter" not in one]
    while True:
        chosen = chance.sample(matches, chance.choice((0, 1, 1, 1, 2)))
        text = " ".join(chosen)
        if text.count("-p ") < 2 and all(text.count(f" {one} ") < 2 for one in ("-i", "-s", "-o")):
            return text


def _is_for_saved_input(match: str) -> bool:
    return match.endswith("-i lo") or "socket" in match
