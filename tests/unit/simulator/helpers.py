"""A simulator in this process, called without a socket."""

from __future__ import annotations

import json
from typing import Any

from provisioning.simulator import signing
from provisioning.simulator.clock import ManualClock
from provisioning.simulator.config import Config
from provisioning.simulator.dispatch import Answer, Dispatcher
from provisioning.simulator.sim import Simulator

START = 1_790_000_000.0


class Cloud:
    """``cloud("listZones")`` is the inner answer to the root admin; ``answer`` the whole of it."""

    def __init__(self, *, start: float = START, **options: Any) -> None:
        self.clock = ManualClock(start)
        self.sim = Simulator(Config(**{"empty": True, **options}), self.clock)
        self.dispatcher = Dispatcher(self.sim)

    def signed(self, command: str, **params: Any) -> dict[str, str]:
        sent = {
            "command": command,
            "response": "json",
            "apiKey": self.sim.api_key,
            **{k: str(v) for k, v in params.items()},
        }
        sent["signature"] = signing.sign(self.sim.secret_key, sent)
        return sent

    def answer(self, command: str, **params: Any) -> Answer:
        return self.dispatcher.call("GET", self.signed(command, **params))

    def __call__(self, command: str, **params: Any) -> dict[str, Any]:
        answer = self.answer(command, **params)
        assert answer.status == 200, answer.body
        inner: dict[str, Any] = next(iter(json.loads(answer.body).values()))
        return inner

    def refused(self, command: str, **params: Any) -> tuple[int, int | None, str]:
        """HTTP status, cserrorcode and text of a refusal."""
        answer = self.answer(command, **params)
        inner = next(iter(json.loads(answer.body).values()))
        return answer.status, inner.get("cserrorcode"), inner["errortext"]

    def wait(self, answer: dict[str, Any], seconds: float = 60) -> dict[str, Any]:
        """Let a job end; its result."""
        self.sim.scheduler.advance(seconds)
        job = self("queryAsyncJobResult", jobid=answer["jobid"])
        assert job["jobstatus"] != 0, job
        result: dict[str, Any] = job["jobresult"]
        return result

    def zone(self, name: str = "z1", *, hosts: int = 2) -> dict[str, str]:
        """A VLAN zone built over the API: ids by kind."""
        zone = self("createZone", name=name, networktype="Advanced", dns1="192.0.2.53", internaldns1="192.0.2.53")[
            "zone"
        ]["id"]
        made = self("createPhysicalNetwork", name=f"{name}-net", zoneid=zone, isolationmethods="VLAN")
        self.wait(made)
        for kind in ("Guest", "Management", "Public"):
            self.wait(self("addTrafficType", physicalnetworkid=made["id"], traffictype=kind))
        self.wait(self("updatePhysicalNetwork", id=made["id"], vlan="100-199", state="Enabled"))
        pod = self("createPod", name="p1", zoneid=zone, gateway="10.1.0.1", netmask="255.255.255.0",
                   startip="10.1.0.10", endip="10.1.0.99")["pod"]["id"]  # fmt: skip
        vlan = self("createVlanIpRange", zoneid=zone, vlan="50", gateway="198.51.100.1", netmask="255.255.255.0",
                    startip="198.51.100.10", endip="198.51.100.59", forvirtualnetwork="true")["vlan"]["id"]  # fmt: skip
        cluster = self("addCluster", zoneid=zone, podid=pod, clustername="c1", clustertype="CloudManaged",
                       hypervisor="Simulator")["cluster"][0]["id"]  # fmt: skip
        for number in range(hosts):
            self("addHost", zoneid=zone, podid=pod, clusterid=cluster, hypervisor="Simulator", username="root",
                 password="x", url=f"http://sim/{name}/{number}")  # fmt: skip
        pool = self("createStoragePool", name="ps1", zoneid=zone, podid=pod, clusterid=cluster,
                    url=f"nfs://10.9.0.1/{name}/primary")["storagepool"]["id"]  # fmt: skip
        self("addImageStore", provider="NFS", zoneid=zone, url=f"nfs://10.9.0.1/{name}/secondary", name=f"{name}-ss")
        self("updateZone", id=zone, allocationstate="Enabled")
        return {"zone": zone, "pod": pod, "cluster": cluster, "pool": pool, "physicalnetwork": made["id"], "vlan": vlan}
