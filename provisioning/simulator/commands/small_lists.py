"""Small lists about VMs: their NICs and groups."""

from __future__ import annotations

from typing import Any

from provisioning.simulator.clock import iso
from provisioning.simulator.context import Ctx
from provisioning.simulator.params import Params
from provisioning.simulator.registry import command
from provisioning.simulator.responses import Result
from provisioning.simulator.state import Obj
from provisioning.simulator.tenancy import check_owner, matching, owned, owner
from provisioning.simulator.views_compute import nic_view


@command("listNics", refs={"nicid": "nic"})
def list_nics(ctx: Ctx, p: Params) -> Result:
    vm, one, network = p.obj("virtualmachineid"), p.obj("nicid"), p.obj("networkid")
    nics: list[Obj] = []
    if vm is not None:
        check_owner(ctx, vm)
        nics = ctx.state.table("nic").where(vmid=vm.uuid)
    elif network is not None:
        check_owner(ctx, network)
        nics = ctx.state.table("nic").where(networkid=network.uuid)
    if one is not None:
        nics = [nic for nic in nics if nic is one]
    return ctx.listing("nic", [{**nic_view(ctx.state, nic), "virtualmachineid": nic["vmid"]} for nic in nics])


def group_view(group: Obj, ctx: Ctx) -> dict[str, Any]:
    return {
        "id": group.uuid,
        "name": group["name"],
        **owner(ctx.state, group["accountid"], path=False),
        "created": iso(group["created"]),
    }


@command("listInstanceGroups", refs={"id": "instancegroup"})
def list_groups(ctx: Ctx, p: Params) -> Result:
    return ctx.listing("instancegroup", matching(p, owned(ctx, p, "instancegroup")), group_view, cacheable=False)
