"""Whatever a client sends, it gets an answer of CloudStack's form, and the simulator itself does not break."""

from __future__ import annotations

import json
import random
from collections import Counter

import pytest

from provisioning.simulator import catalog_data, registry, signing
from provisioning.simulator.catalog_data import Parameter
from provisioning.simulator.params import DEFAULT_REFS
from tests.unit.simulator.helpers import Cloud

ROUNDS = 3
TEXTS = ("all", "self", "10.0.0.5", "abc", "true", "Running", "Enabled", "", "ü<&", "5", "tcp", "a" * 300)
VALUES = {
    "integer": ("0", "1", "5", "22", "-1", "100", "many"),
    "boolean": ("true", "false", "perhaps"),
    "date": ("2026-01-01", "2026-01-01 10:00:00", "yesterday"),
}
# They would take the callers' own rights away, and the rest would be refusals only.
SPARED = frozenset(
    {
        "deleteAccount", "disableAccount", "lockAccount", "deleteUser", "disableUser", "lockUser", "deleteUserKeys",
        "registerUserKeys", "updateUser", "updateAccount", "deleteDomain", "disableRole", "updateRole",
        "createRolePermission", "deleteRole",
    }
)  # fmt: skip


def value(cloud: Cloud, dice: random.Random, command: str, param: Parameter) -> str:
    if param.type == "uuid":
        kinds = (
            registry.COMMANDS[command].refs.get(param.name) or DEFAULT_REFS.get(param.name) or ("zone", "vm", "host")
        )
        known = [obj.uuid for kind in kinds for obj in list(cloud.sim.state.all(kind))[:8]]
        return dice.choice(known) if known and dice.random() < 0.95 else "x"
    return dice.choice(VALUES.get({"long": "integer", "short": "integer"}.get(param.type, param.type), TEXTS))


@pytest.mark.parametrize("seed", [1, 2])
def test_any_parameters_get_an_answer(seed: int) -> None:
    cloud = Cloud(empty=False)
    cloud.sim.scheduler.advance(200)
    dice = random.Random(seed)
    state = cloud.sim.state
    users = [u for u in state.all("user") if state.table("keypair").find(userid=u.uuid) is not None]
    tenant = next(u for u in users if state.table("account").need(u["accountid"])["accounttype"] == 0)
    pair = state.table("keypair").find(userid=tenant.uuid)
    assert pair is not None
    seen: Counter[int] = Counter()
    for command in sorted(set(registry.COMMANDS) - SPARED):
        for turn in range(ROUNDS):
            params = {
                param.name: value(cloud, dice, command, param)
                for param in catalog_data.commands()[command].params
                if (param.required or dice.random() < 0.25) and param.type != "map"
            }
            key, secret = (cloud.sim.api_key, cloud.sim.secret_key) if turn else (pair["apikey"], pair["secretkey"])
            sent = {"command": command, "response": "json", "apiKey": key, **params}
            sent["signature"] = signing.sign(secret, sent)
            answer = cloud.dispatcher.call("GET", sent)
            assert not cloud.sim.complaints, (command, params, cloud.sim.complaints[0])
            assert isinstance(next(iter(json.loads(answer.body).values())), dict)
            seen[answer.status] += 1
        cloud.sim.scheduler.advance(2)
        assert not cloud.sim.complaints, (command, cloud.sim.complaints[0])
    assert seen[200] > 150
    assert set(seen) <= {200, 401, 430, 431, 432, 530, 531, 533, 535, 536, 537}
