"""Rulesets for the far machine, and the verdict on port 8080 for any other machine."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Case:
    """Rules in nft's language, or a shell script, and what PortView has to say about a port.

    ``words`` have to stand in the reason for TCP.
    """

    name: str
    rules: str
    tcp: str
    udp: str
    words: str = ""


def chain(rules: str, policy: str = "drop", more: str = "", family: str = "inet") -> str:
    return f"""
table {family} filter {{
  {more}
  chain input {{
    type filter hook input priority filter; policy {policy}
    {rules}
  }}
}}
"""


BACK_AND_FORTH = "ct state established accept"


CASES = [
    Case("no rules at all", "", "allowed", "allowed", "No firewall rule"),
    Case("policy drop", chain(""), "blocked", "blocked", "policy of chain inet filter input"),
    Case("policy accept", chain("", "accept"), "allowed", "allowed", "policy of chain"),
    Case(
        "an accept for one protocol",
        chain("ct state established,related accept\niif lo accept\ntcp dport 8080 accept"),
        "allowed",
        "blocked",
        "tcp dport 8080 accept",
    ),
    Case(
        "a reset",
        chain("tcp dport 8080 reject with tcp reset", "accept"),
        "blocked",
        "allowed",
        "Rejected by the rule “tcp dport 8080 reject with tcp reset”",
    ),
    Case(
        "an answer of ICMP",
        chain(
            "meta l4proto { tcp, udp } th dport 8080 reject with icmpx admin-prohibited", "accept"
        ),
        "blocked",
        "blocked",
        "Rejected",
    ),
    Case(
        "an accept is not the last word: a later chain drops",
        chain("tcp dport 8080 accept")
        + "table ip late { chain input { type filter hook input priority 10\n"
        "tcp dport 8080 drop\n }\n}\n"
        + "table ip6 late { chain input { type filter hook input priority 10\n"
        "tcp dport 8080 drop\n }\n}\n",
        "blocked",
        "blocked",
        "late",
    ),
    Case(
        "an earlier chain accepts, a later policy drops",
        "table inet early { chain input { type filter hook input priority -10\naccept\n }\n}\n"
        + chain(""),
        "blocked",
        "blocked",
    ),
    Case(
        "a drop before connections are tracked",
        "table inet raw { chain pre { type filter hook prerouting priority raw\n"
        "udp dport 8080 drop\n }\n}\n" + chain("", "accept"),
        "allowed",
        "blocked",
    ),
    Case(
        "only IPv4 is let in",
        chain("meta nfproto ipv4 accept\nip6 nexthdr ipv6-icmp accept"),
        "partly",
        "partly",
        "over IPv4",
    ),
    Case(
        "a table of IPv4 says nothing of IPv6",
        chain("", family="ip"),
        "partly",
        "partly",
        "over IPv6",
    ),
    Case(
        "one network",
        chain("ip saddr 10.199.0.0/30 tcp dport 8080 accept"),
        "partly",
        "blocked",
        "from 10.199.0.0/30",
    ),
    Case(
        "all but one address",
        chain("ip saddr 10.199.0.7 drop\nip6 saddr fd99::7 drop", "accept"),
        "partly",
        "partly",
        "10.199.0.7",
    ),
    Case(
        "a named set of networks",
        chain(
            "ip saddr @friends accept\nip6 saddr @friends6 tcp dport 8080 accept",
            more="""set friends { type ipv4_addr; flags interval
            elements = { 10.199.0.0/30, 192.0.2.1 }
}
            set friends6 { type ipv6_addr; elements = { fd99::7 } }""",
        ),
        "partly",
        "partly",
    ),
    Case(
        "a set of ports with ranges",
        chain("tcp dport { 22, 80, 8000-8100 } accept\nudp dport != 8000-8100 accept"),
        "allowed",
        "blocked",
    ),
    Case(
        "a verdict map by port",
        chain("tcp dport vmap { 22 : accept, 8080 : drop }\naccept"),
        "blocked",
        "allowed",
    ),
    Case(
        "a named verdict map with jumps",
        """
table inet filter {
  chain web { ip saddr 10.199.0.7 return
    accept
  }
  map doors { type inet_proto . inet_service : verdict
    elements = { tcp . 8080 : jump web, udp . 8080 : drop }
}
  chain input { type filter hook input priority 0; policy drop
    meta l4proto . th dport vmap @doors
  }
}
""",
        "partly",
        "blocked",
    ),
    Case(
        "a chain of addresses, protocols and ports",
        chain(
            "ip saddr . meta l4proto . th dport { 10.199.0.1 . tcp . 8080, "
            "10.199.0.7 . udp . 8080 } accept"
        ),
        "partly",
        "partly",
    ),
    Case(
        "jump, return and goto",
        """
table inet filter {
  chain last { udp dport 8080 return
    accept
  }
  chain inner { tcp dport 1-8079 return
    goto last
  }
  chain input { type filter hook input priority 0; policy drop
    jump inner
    udp dport 8080 accept
    reject
  }
}
""",
        "allowed",
        "allowed",
    ),
    Case(
        "after a goto nothing of the first chain counts",
        """
table inet filter {
  chain last { tcp dport 22 accept
  }
  chain input { type filter hook input priority 0; policy drop
    goto last
    accept
  }
}
""",
        "blocked",
        "blocked",
    ),
    Case(
        "states of connections in a map",
        chain(
            "ct state vmap { established : accept, related : accept, invalid : drop }\n"
            "ct state new tcp dport 8080 accept"
        ),
        "allowed",
        "blocked",
    ),
    Case(
        "only established ones",
        chain("ct state established,related accept"),
        "blocked",
        "blocked",
    ),
    Case(
        "the interface by name, by pattern and by what it is not",
        chain(
            'iifname "lo" accept\niifname "cable*" tcp dport 8080 accept\n'
            'iifname != "cable0" udp dport 8080 accept'
        ),
        "allowed",
        "blocked",
    ),
    Case(
        "loopback is not for others",
        chain("iif lo accept"),
        "blocked",
        "blocked",
    ),
    Case(
        "by the kind of the target address",
        chain("fib daddr type != local drop\nfib daddr type local tcp dport 8080 accept"),
        "allowed",
        "blocked",
    ),
    Case(
        "only the first packet of a connection, by its flags",
        chain("tcp flags & (fin|syn|rst|ack) == syn accept\ntcp flags != syn accept"),
        "allowed",
        "blocked",
    ),
    Case(
        "what is only counted and logged",
        chain(
            'counter\nlog prefix "in: "\nlimit rate 3/minute log prefix "seldom: "\n'
            "meta mark set 0x2a\nmeta mark 0x2a tcp dport 8080 counter accept"
        ),
        "allowed",
        "blocked",
    ),
    Case(
        "a condition that nobody knows",
        chain(
            f"{BACK_AND_FORTH}\nmeta cpu 0 tcp dport 8080 accept\nmeta cpu 0 udp dport 8080 drop"
        ),
        "unknown",
        "blocked",
        "meta cpu",
    ),
    Case(
        "every processor that this machine has",
        chain("meta cpu 0-4095 tcp dport 8080 accept\nmeta cpu 0-4095 udp dport 8080 drop"),
        "allowed",
        "blocked",
    ),
    Case(
        "chance",
        chain("tcp dport 8080 numgen random mod 2 vmap { 0 : accept, 1 : drop }"),
        "unknown",
        "blocked",
        "numgen",
    ),
    Case(
        "a redirected port",
        """
table inet nat { chain pre { type nat hook prerouting priority dstnat
  tcp dport 8080 redirect to :9090
}
}
"""
        + chain("tcp dport 9090 accept\nudp dport 8080 accept"),
        "allowed",
        "allowed",
        "9090",
    ),
    Case(
        "a redirected port, where only the first is open",
        """
table inet nat { chain pre { type nat hook prerouting priority dstnat
  tcp dport 8080 redirect to :9090
}
}
"""
        + chain("tcp dport 8080 accept\nudp dport 8080 accept"),
        "blocked",
        "allowed",
    ),
    Case(
        "by the port that was called, after a redirect",
        """
table inet nat { chain pre { type nat hook prerouting priority dstnat
  tcp dport 8080 redirect to :9090
}
}
"""
        + chain("meta l4proto tcp ct status dnat ct original proto-dst 8080 accept"),
        "allowed",
        "blocked",
    ),
    Case(
        "answers may not leave",
        """
table inet filter { chain output { type filter hook output priority 0; policy drop
  icmpv6 type nd-neighbor-advert accept
  udp sport 8080 accept
}
}
""",
        "blocked",
        "allowed",
        "the server's answer is dropped silently by the policy of chain inet filter output",
    ),
    Case(
        "answers of known connections may leave",
        """
table inet filter { chain output { type filter hook output priority 0; policy drop
  ct state established,related accept
}
}
"""
        + chain("tcp dport 8080 accept").replace("table inet filter", "table inet in"),
        "allowed",
        "blocked",
        "tcp dport 8080 accept",
    ),
    Case(
        "answers may leave to one client only",
        """
table inet filter { chain output { type filter hook output priority 0; policy accept
  ip daddr != 10.199.0.1 tcp sport 8080 reject
}
}
""",
        "partly",
        "allowed",
        "the server's answer",
    ),
    Case(
        "only new ones are let in, and nothing that follows",
        chain("tcp dport 8080 ct state new accept"),
        "blocked",
        "blocked",
        "what the client sends after its first packet",
    ),
    Case(
        "only the first segment is let in",
        chain("tcp dport 8080 tcp flags & (fin|syn|rst|ack) == syn accept"),
        "blocked",
        "blocked",
        "after its first packet",
    ),
    Case(
        "only the answer to the first segment may leave",
        """
table inet filter { chain output { type filter hook output priority 0; policy drop
  tcp sport 8080 tcp flags & (syn|ack) == (syn|ack) accept
}
}
""",
        "blocked",
        "blocked",
        "the server's answer",
    ),
    Case(
        "a table that sleeps",
        chain("").replace("table inet filter {", "table inet filter {\nflags dormant"),
        "allowed",
        "allowed",
        "No firewall rule",
    ),
    Case(
        "a drop where packets leave the machine",
        """
table netdev wire { chain cable { type filter hook egress device "cable0" priority 0
  tcp sport 8080 drop
}
}
""",
        "blocked",
        "allowed",
        "tcp sport 8080 drop",
    ),
    Case(
        "a redirect that changes nothing",
        """
table inet nat { chain pre { type nat hook prerouting priority dstnat
  tcp dport 8080 redirect to :8080
}
}
"""
        + chain("ct state established accept\nct status dnat accept"),
        "blocked",
        "blocked",
        "policy of chain inet filter input",
    ),
    Case(
        "a redirect to where nothing listens",
        """
table inet nat { chain pre { type nat hook prerouting priority dstnat
  tcp dport 8080 redirect to :7070
}
}
""",
        "blocked",
        "allowed",
        "nothing listens",
    ),
    Case(
        "a redirect by a map, known by its mark",
        """
table inet nat { chain pre { type nat hook prerouting priority dstnat
  meta l4proto tcp redirect to :tcp dport map { 22 : 2222, 8080 : 9090 }
}
}
"""
        + chain(
            "ct mark 7 accept",
            more="""chain early { type filter hook prerouting priority mangle
            ct state new tcp dport 8080 ct mark set 7
}""",
        ),
        "allowed",
        "blocked",
        "9090",
    ),
    Case(
        "at any hour of the day",
        chain('ct state established accept\nmeta hour "00:00"-"23:59:59" tcp dport 8080 accept'),
        "allowed",
        "blocked",
        "it depends on the time",
    ),
    Case(
        "a drop where packets enter the machine",
        """
table netdev wire { chain cable { type filter hook ingress device "cable0" priority 0
  udp dport 8080 drop
}
}
"""
        + chain("", "accept"),
        "allowed",
        "blocked",
    ),
]


SCRIPTS = [
    Case(
        "iptables: the usual few lines",
        """
for tables in iptables ip6tables; do
  $tables -P INPUT DROP
  $tables -A INPUT -i lo -j ACCEPT
  $tables -A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
  $tables -A INPUT -m conntrack --ctstate INVALID -j DROP
  $tables -A INPUT -p tcp -m tcp --dport 8080 -m conntrack --ctstate NEW -j ACCEPT
done
""",
        "allowed",
        "blocked",
        "--dport 8080",
    ),
    Case(
        "iptables: several ports, a comment, a range of addresses",
        """
iptables -P INPUT DROP
iptables -A INPUT -p tcp -m multiport --dports 80,443,8000:8100 \
  -m iprange --src-range 10.199.0.1-10.199.0.3 -m comment --comment "-j DROP it" -j ACCEPT
iptables -A INPUT -p udp -m multiport ! --dports 8080 -j ACCEPT
ip6tables -P INPUT DROP
ip6tables -A INPUT -s fd99::/64 ! -i lo -p udp -m udp --dport 8080 -j ACCEPT
""",
        "partly",
        "partly",
        "10.199.0.1",
    ),
    Case(
        "iptables: kinds of addresses and packets, a reset",
        """
iptables -A INPUT -m pkttype --pkt-type multicast -j DROP
iptables -A INPUT -m addrtype ! --dst-type LOCAL -j DROP
iptables -A INPUT -p tcp -m tcp --dport 8080 -j REJECT --reject-with tcp-reset
iptables -A INPUT -m addrtype --dst-type LOCAL -p udp -j ACCEPT
iptables -P INPUT DROP
ip6tables -A INPUT -p tcp --syn -j DROP
ip6tables -A INPUT -m rt --rt-type 0 -j DROP
""",
        "blocked",
        "allowed",
        "tcp-reset",
    ),
    Case(
        "iptables: own chains, a goto, a return",
        """
iptables -N web
iptables -N last
iptables -A web -s 10.199.0.7 -j RETURN
iptables -A web -g last
iptables -A last -p tcp -m tcp --dport 8080 -m limit --limit 3/min -j LOG --log-prefix "web -j "
iptables -A last -p tcp -j ACCEPT
iptables -A INPUT -j web
iptables -A INPUT -j DROP
""",
        "partly",
        "partly",
    ),
    Case(
        "iptables: a match that nobody can foresee",
        """
iptables -P INPUT DROP
ip6tables -P INPUT DROP
iptables -A INPUT -p tcp --dport 8080 -m statistic --mode random --probability 0.5 -j ACCEPT
ip6tables -A INPUT -p tcp --dport 8080 -m statistic --mode random --probability 0.5 -j ACCEPT
""",
        "unknown",
        "blocked",
        "statistic",
    ),
    Case(
        "iptables and nft at once: the drop wins",
        """
iptables -A INPUT -p tcp --dport 8080 -j ACCEPT
ip6tables -A INPUT -p tcp --dport 8080 -j ACCEPT
nft add table inet mine
nft add chain inet mine in '{ type filter hook input priority 5 ; }'
nft add rule inet mine in tcp dport 8080 counter drop
""",
        "blocked",
        "allowed",
        "inet mine in",
    ),
    Case(
        "iptables: redirected, and let in where it arrives",
        """
iptables -t nat -A PREROUTING -p tcp --dport 8080 -m addrtype --dst-type LOCAL \
  -j REDIRECT --to-ports 9090
iptables -A INPUT -p tcp --dport 9090 -j ACCEPT
iptables -A INPUT -m state --state ESTABLISHED -j ACCEPT
iptables -A INPUT -j REJECT --reject-with icmp-admin-prohibited
ip6tables -A INPUT -p tcp --dport 8080 -j ACCEPT
ip6tables -A INPUT -j REJECT
""",
        "allowed",
        "blocked",
        "9090",
    ),
    Case(
        "iptables: not tracked, so not new",
        """
iptables -t raw -A PREROUTING -p udp --dport 8080 -j CT --notrack
iptables -A INPUT -m conntrack --ctstate NEW,ESTABLISHED -j ACCEPT
iptables -A INPUT -j DROP
ip6tables -A INPUT -p udp -j DROP
""",
        "allowed",
        "blocked",
    ),
]


CONTAINER = "192.0.2.2"

DOCKER = """
iptables -P FORWARD DROP
for chain in DOCKER DOCKER-BRIDGE DOCKER-CT DOCKER-FORWARD DOCKER-USER; do iptables -N $chain; done
iptables -A FORWARD -j DOCKER-USER
iptables -A FORWARD -j DOCKER-FORWARD
iptables -A DOCKER -d 192.0.2.2/32 ! -i bridge1 -o bridge1 -p tcp -m tcp --dport 80 -j ACCEPT
iptables -A DOCKER ! -i bridge1 -o bridge1 -j DROP
iptables -A DOCKER-BRIDGE -o bridge1 -j DOCKER
iptables -A DOCKER-CT -o bridge1 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
iptables -A DOCKER-FORWARD -j DOCKER-CT
iptables -A DOCKER-FORWARD -j DOCKER-BRIDGE
iptables -A DOCKER-FORWARD -i bridge1 -j ACCEPT
iptables -t nat -N DOCKER
iptables -t nat -A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
iptables -t nat -A OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER
iptables -t nat -A POSTROUTING -s 192.0.2.0/24 ! -o bridge1 -j MASQUERADE
iptables -t nat -A DOCKER ! -i bridge1 -p tcp -m tcp --dport 8080 -j DNAT \\
  --to-destination 192.0.2.2:80
iptables -t raw -A PREROUTING -d 192.0.2.2/32 ! -i bridge1 -j DROP
"""

DOCKER_NFT = """
table ip docker-bridges {
  map filter-forward-in-jumps { type ifname : verdict
    elements = { "bridge1" : jump filter-forward-in__bridge1 } }
  map filter-forward-out-jumps { type ifname : verdict
    elements = { "bridge1" : jump filter-forward-out__bridge1 } }
  chain filter-FORWARD { type filter hook forward priority filter; policy accept
    oifname vmap @filter-forward-in-jumps
    iifname vmap @filter-forward-out-jumps
  }
  chain nat-PREROUTING { type nat hook prerouting priority dstnat; policy accept
    fib daddr type local counter jump nat-prerouting-and-output
  }
  chain nat-prerouting-and-output {
    iifname != "bridge1" tcp dport 8080 counter dnat to 192.0.2.2:80 comment "DNAT"
  }
  chain raw-PREROUTING { type filter hook prerouting priority raw; policy accept
    ip daddr 192.0.2.2 iifname != "bridge1" counter drop comment "DROP DIRECT ACCESS"
  }
  chain filter-forward-in__bridge1 {
    ct state established,related counter accept
    iifname "bridge1" counter accept comment "ICC"
    ip daddr 192.0.2.2 tcp dport 80 counter accept
    counter drop comment "UNPUBLISHED PORT DROP"
  }
  chain filter-forward-out__bridge1 {
    ct state established,related counter accept
    counter accept comment "OUTGOING"
  }
}
"""

# IPv6 goes past Docker in all of these, to the server on this machine that listens there.
PUBLISHED = [
    Case("Docker publishes it", DOCKER, "allowed", "allowed", "sent on to 192.0.2.2:80"),
    Case(
        "what the input chain says does not count for a published port",
        DOCKER + "iptables -P INPUT DROP\nip6tables -P INPUT DROP\n",
        "partly",
        "blocked",
        "over IPv6",
    ),
    Case(
        "a rule of one's own in DOCKER-USER",
        DOCKER + "iptables -A DOCKER-USER -s 10.199.0.7 -j DROP\nip6tables -P INPUT DROP\n",
        "partly",
        "partly",
    ),
    Case(
        "a rule in DOCKER-USER by the port that was called",
        DOCKER + "iptables -A DOCKER-USER -i cable0 -p tcp -m conntrack --ctorigdstport 8080 "
        "--ctdir ORIGINAL -j DROP\nip6tables -A INPUT -j DROP\n",
        "blocked",
        "partly",
    ),
    Case(
        "a published port whose rule in the filter is missing",
        DOCKER.replace("--dport 80 -j ACCEPT", "--dport 81 -j ACCEPT")
        + "ip6tables -A INPUT -j DROP\n",
        "blocked",
        "partly",
        "-j DROP",
    ),
    Case(
        "Docker publishes it through nftables",
        f"nft -f - <<'end'\n{DOCKER_NFT}\nend\n",
        "allowed",
        "allowed",
        "sent on to 192.0.2.2:80",
    ),
    Case(
        "Docker through nftables, and a firewall on the way to others",
        f"nft -f - <<'end'\n{DOCKER_NFT}\n"
        "table inet own { chain forward { type filter hook forward priority 5; policy drop\n"
        "ct state established accept\n}\n}\nend\nip6tables -A INPUT -p tcp -j REJECT",
        "blocked",
        "allowed",
        "inet own forward",
    ),
]
