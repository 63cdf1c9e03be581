"""The recording with every name, range, size and count changed, in a cloud that has another zone already.

What is hard-coded in the simulator does not follow such changes.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from tests.contract.replay import FILES, Replay, epoch, read

# Parameters whose values are names that the caller made up, by command where others use them differently.
NAME_PARAMS = frozenset(
    {"name", "clustername", "displayname", "displaytext", "username", "account", "firstname", "lastname"}
)
# Commands whose ``name`` is the cloud's own: settings, providers, commands, simulated hypervisor commands.
GIVEN = frozenset(
    {
        "updateConfiguration", "listConfigurations", "resetConfiguration", "listNetworkServiceProviders", "listApis",
        "configureSimulator",
    }
)  # fmt: skip
# Ranges and numbers in requests, and what they become.
WORDS = {
    "100-200": "300-450",
    "5000-6000": "15000-16200",
    "5000-5009": "15000-15009",
    "512": "640",
    "sim/": "lab/",
    "S3cure!pass": "0ther!Pass",
    "alice@example.org": "wilma@example.net",
}
# Parameters with a number of their own, by command and name.
NUMBERS = {
    ("createVlanIpRange", "vlan"): lambda text: str(int(text) + 10),
    ("createServiceOffering", "cpuspeed"): lambda text: str(int(text) - 100),
    ("createServiceOffering", "memory"): lambda text: str(int(text) - 64),
    ("createFirewallRule", "startport"): lambda text: "23",
    ("createFirewallRule", "endport"): lambda text: "23",
    ("createPortForwardingRule", "publicport"): lambda text: "23",
}
ADDRESS = re.compile(r"\b(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\b")
# Addresses that mean something by themselves.
FIXED = ("0", "8", "127", "255")


def made_up_names() -> list[str]:
    """Every name that the recorded requests gave, longest first."""
    found: set[str] = set()
    for file in FILES:
        for exchange in read(file):
            if exchange["command"] in GIVEN:
                continue
            for param, value in exchange["params"].items():
                if param in NAME_PARAMS and isinstance(value, str) and len(value) > 1 and value != "root":
                    found.add(value)
    return sorted(found, key=len, reverse=True)


def changer(label: str, shift: int) -> Callable[[str], str]:
    """A function that changes names, ranges and addresses in a text, the same way wherever they stand."""
    names = {name: renamed(name, label) for name in made_up_names()}
    table = {**WORDS, **names, "22-22": "23-23", "/export": f"/srv/{label}"}
    pattern = re.compile(
        "|".join(
            rf"(?<![\w-]){re.escape(old)}(?![\w-])" if old[0].isalnum() and old[-1].isalnum() else re.escape(old)
            for old in sorted(table, key=len, reverse=True)
        )
    )

    def move(found: re.Match[str]) -> str:
        one, two, three, four = found.groups()
        if one in FIXED:
            return found[0]
        return f"10.{(int(two) + shift) % 256}.{three}.{four}"

    def rewrite(text: str) -> str:
        return ADDRESS.sub(move, pattern.sub(lambda found: table[found[0]], text))

    return rewrite


def renamed(name: str, label: str) -> str:
    """Another name of the same kind: host names stay host names, the others get letters beyond ASCII."""
    if re.fullmatch(r"[a-z][a-z0-9-]*", name):
        return f"{label}-{name}"
    return f"{name} ž{label}"


class Changed(Replay):
    """A replay whose requests are changed and whose cloud is larger; counts are judged by ``more``."""

    def run_changed(self, second_zone: Callable[[str], str]) -> None:
        """The first zone of another owner, then the changed recording with more hosts in every cluster."""
        self.until(epoch("2026-11-23T00:19:00"))
        other = Changed.sharing(self, second_zone)
        for number, exchange in enumerate(read("01-zone"), start=1):
            outcome = other.play("01-zone", number, exchange)
            assert outcome.matched, str(outcome)
        self.run()

    @classmethod
    def sharing(cls, replay: Replay, rewrite: Callable[[str], str]) -> Changed:
        """A second caller on the same cloud, with ids and names of its own."""
        made = cls.__new__(cls)
        made.__dict__.update(replay.__dict__)
        made.rewrite, made.ids, made.after = rewrite, {}, None
        return made

    def play(self, name: str, number: int, exchange: dict[str, Any]) -> Any:
        params = {
            key: NUMBERS[exchange["command"], key](value) if (exchange["command"], key) in NUMBERS else value
            for key, value in exchange["params"].items()
        }
        return super().play(name, number, {**exchange, "params": params})


def one_more_host(replay: Replay, file: str, number: int, exchange: dict[str, Any]) -> None:
    """Every host that is added gets a neighbour."""
    if exchange["command"] == "addHost" and exchange["status"] == 200 and file in ("01-zone", "07-zones"):
        params = {key: replay.translate(value) for key, value in exchange["params"].items()}
        params["url"] += "-neighbour"
        replay.as_admin("addHost", **params)
