"""Rulesets for the far machine, and the verdict on port 8080 for any other machine."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Case:
    """Rules in nft's language and what PortView has to say about TCP and UDP.

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
        chain("meta cpu 0-4095 tcp dport 8080 accept\nmeta cpu 0-4095 udp dport 8080 drop"),
        "unknown",
        "blocked",
        "meta cpu",
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
