"""Rows for tests, through the models: a small cloud by hand, a large one in bulk.

Names follow the recorded cloud (Sandbox-simulator, POD0, C0, PS0, s-1-VM). Every function takes field overrides.
"""

from __future__ import annotations

import itertools
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from provisioning.accounts.models import Membership, Tenant, User
from provisioning.inventory import models as m

PASSWORD = "correct horse battery staple"
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
GIB = 1024**3
_numbers = itertools.count(1)


def cloudstack_id() -> str:
    return str(uuid.uuid4())


def make_user(username: str, role: str = User.Role.MEMBER, **fields: Any) -> User:
    fields.setdefault("full_name", username.replace("-", " ").title())
    fields.setdefault("email", f"{username}@example.org")
    return User.objects.create_user(username, PASSWORD, role=role, **fields)


def make_tenant(cloud: m.Cloud, name: str, domain: m.Domain | None = None, **fields: Any) -> Tenant:
    fields.setdefault("account_name", name)
    fields.setdefault("domain_cloudstack_id", domain.cloudstack_id if domain else cloudstack_id())
    fields.setdefault("api_key", f"api-{name}")
    fields.setdefault("secret_key", f"secret-{name}")
    return Tenant.objects.create(cloud_uuid=cloud.uuid, name=name, **fields)


def make_member(username: str, tenant: Tenant, role: str = Membership.Role.TENANT_USER) -> User:
    user = make_user(username)
    Membership.objects.create(user=user, tenant=tenant, role=role)
    return user


def make_cloud(name: str = "", **fields: Any) -> m.Cloud:
    number = next(_numbers)
    defaults: dict[str, Any] = {
        "api_url": f"http://127.0.0.1:{8096 + number}/client/api",
        "api_key": "test-api-key",
        "secret_key": "test-secret-key",
        "version": "4.23.0.0",
        "role_name": "Root Admin",
        "role_type": "Admin",
        "command_count": 900,
        "state": m.Cloud.State.OK,
        "last_answer_at": NOW,
        "last_complete_sync_at": NOW,
    }
    return m.Cloud.objects.create(name=name or f"Cloud {number}", **(defaults | fields))


def make(model: type[m.InventoryObject], cloud: m.Cloud, name: str, **fields: Any) -> Any:
    """One present row of `model`. `state` and times have sensible defaults."""
    fields.setdefault("cloudstack_id", cloudstack_id())
    fields.setdefault("first_seen_at", NOW - timedelta(days=30))
    fields.setdefault("changed_at", NOW - timedelta(hours=1))
    fields.setdefault("state_since_at", NOW - timedelta(hours=1))
    return model.objects.create(cloud=cloud, name=name, **fields)


def build(model: type[m.InventoryObject], cloud: m.Cloud, name: str, **fields: Any) -> Any:
    """The same row unsaved, for bulk_create."""
    fields.setdefault("cloudstack_id", cloudstack_id())
    return model(cloud=cloud, name=name, first_seen_at=NOW, changed_at=NOW, state_since_at=NOW, **fields)


@dataclass
class SmallCloud:
    """The rows of `small_cloud`, by what they are."""

    cloud: m.Cloud
    zone: m.Zone
    pod: m.Pod
    cluster: m.Cluster
    hosts: list[m.Host]
    pool: m.StoragePool
    image_store: m.ImageStore
    physical_network: m.PhysicalNetwork
    public_range: m.PublicRange
    management_server: m.ManagementServer
    system_vms: list[m.SystemVm]
    router: m.VirtualRouter
    root: m.Domain
    domains: dict[str, m.Domain]
    accounts: dict[str, m.Account]
    networks: dict[str, m.GuestNetwork]
    tenants: dict[str, Tenant]
    offering: m.Offering
    template: m.Template
    instances: list[m.Instance] = field(default_factory=list)
    volumes: list[m.Volume] = field(default_factory=list)


def small_cloud(name: str = "Sandbox", hosts: int = 4) -> SmallCloud:
    """One zone with `hosts` hosts and two tenants, acme-dev (3 instances) and globex (1). Everything is well."""
    cloud = make_cloud(name)
    zone = make(m.Zone, cloud, "Sandbox-simulator", state="Enabled", network_type="Advanced", guest_cidr="10.1.1.0/24")
    pod = make(m.Pod, cloud, "POD0", zone=zone, state="Enabled", gateway="172.16.15.1", netmask="255.255.255.0")
    cluster = make(
        m.Cluster, cloud, "C0", zone=zone, pod=pod, state="Enabled", managed_state="Managed", hypervisor="Simulator"
    )
    place = {"zone": zone, "pod": pod, "cluster": cluster}
    host_rows = [_host(cloud, number, place) for number in range(hosts)]
    root = make(m.Domain, cloud, "ROOT", path="ROOT", level=0)
    domains, accounts, tenants = {}, {}, {}
    for tenant in ("acme-dev", "globex"):
        domains[tenant] = make(m.Domain, cloud, tenant, parent=root, path=f"ROOT/{tenant}", level=1)
        tenants[tenant] = make_tenant(cloud, tenant, domains[tenant])
        accounts[tenant] = make(
            m.Account, cloud, tenant, domain=domains[tenant], state="enabled", tenant_uuid=tenants[tenant].uuid
        )
    physical = make(
        m.PhysicalNetwork, cloud, "Sandbox-pnet", zone=zone, state="Enabled", isolation_methods="VLAN",
        segment_ranges="100-200",
    )  # fmt: skip
    networks = {
        tenant: make(
            m.GuestNetwork, cloud, f"{tenant}-net", zone=zone, physical_network=physical, state="Implemented",
            domain=domains[tenant], account=accounts[tenant], tenant_uuid=tenants[tenant].uuid, network_type="Isolated",
            traffic_type="Guest", cidr="10.1.1.0/24", gateway="10.1.1.1", broadcast_uri=f"vlan://{176 + number}",
            segment_type="vlan", segment_id=176 + number,
        )
        for number, tenant in enumerate(tenants)
    }  # fmt: skip
    small = SmallCloud(
        cloud=cloud, zone=zone, pod=pod, cluster=cluster, hosts=host_rows, root=root, domains=domains,
        accounts=accounts, tenants=tenants, physical_network=physical, networks=networks,
        pool=make(
            m.StoragePool, cloud, "PS0", **place, state="Up", pool_type="NetworkFilesystem", pool_scope="CLUSTER",
            size_total_bytes=1024 * GIB, size_used_bytes=200 * GIB, size_allocated_bytes=300 * GIB,
            overprovision_factor=2.0,
        ),
        image_store=make(
            m.ImageStore, cloud, "SS0", zone=zone, provider="NFS", protocol="nfs", url="nfs://10.147.28.6/secondary"
        ),
        public_range=make(
            m.PublicRange, cloud, "192.168.2.2-192.168.2.200", zone=zone, physical_network=physical,
            vlan="vlan://untagged", start_ip="192.168.2.2", end_ip="192.168.2.200", gateway="192.168.2.1",
        ),
        management_server=make(m.ManagementServer, cloud, "ms-1", state="Up", version="4.23.0.0"),
        system_vms=[
            make(m.SystemVm, cloud, name, zone=zone, pod=pod, host=host_rows[0], state="Running", vm_type=kind,
                 agent_state="Up")
            for name, kind in (("s-1-VM", "secondarystoragevm"), ("v-2-VM", "consoleproxy"))
        ],
        router=make(
            m.VirtualRouter, cloud, "r-4-VM", zone=zone, pod=pod, host=host_rows[0], network=networks["acme-dev"],
            state="Running", account=accounts["acme-dev"], tenant_uuid=tenants["acme-dev"].uuid,
        ),
        offering=make(
            m.Offering, cloud, "Small Instance", offering_kind="service", cpu_count=1, cpu_speed_mhz=500,
            memory_mib=512, state="Active",
        ),
        template=make(
            m.Template, cloud, "CentOS 5.6 (64-bit) no GUI (Simulator)", is_public=True, is_ready=True,
            is_featured=True, hypervisor="Simulator", size_bytes=2 * GIB,
        ),
    )  # fmt: skip
    for number, tenant in enumerate(("acme-dev", "acme-dev", "acme-dev", "globex")):
        add_instance(small, tenant, f"{tenant}-vm-{number + 1}", small.hosts[number % hosts])
    return small


def add_instance(small: SmallCloud, tenant: str, name: str, host: m.Host | None = None, **fields: Any) -> m.Instance:
    """One running instance of `tenant` with its root volume."""
    number = len(small.instances) + 10
    owner = {
        "domain": small.domains[tenant],
        "account": small.accounts[tenant],
        "tenant_uuid": small.tenants[tenant].uuid,
    }
    defaults: dict[str, Any] = {
        "state": "Running", "zone": small.zone, "host": host, "offering": small.offering, "template": small.template,
        "display_name": name, "internal_name": f"i-2-{number}-VM", "cpu_count": 1, "cpu_speed_mhz": 500,
        "memory_mib": 512, "hypervisor": "Simulator", "ip_address": f"10.1.1.{number}", **owner,
    }  # fmt: skip
    instance = make(m.Instance, small.cloud, name, **(defaults | fields))
    small.instances.append(instance)
    small.volumes.append(
        make(
            m.Volume, small.cloud, f"ROOT-{number}", zone=small.zone, instance=instance, storage_pool=small.pool,
            state="Ready", volume_type="ROOT", size_bytes=2 * GIB, **owner,
        )
    )  # fmt: skip
    return instance


def _host(cloud: m.Cloud, number: int, place: dict[str, Any]) -> m.Host:
    return make(m.Host, cloud, f"SimulatedAgent.{number}", **host_fields(number, place))


def host_fields(number: int, place: dict[str, Any]) -> dict[str, Any]:
    """The fields of a healthy host; `place` is its zone, pod and cluster."""
    return {
        **place, "state": "Up", "resource_state": "Enabled", "hypervisor": "Simulator", "version": "4.23.0.0",
        "ip_address": f"172.16.{15 + number // 250}.{2 + number % 250}", "cpu_sockets": 2, "cpu_cores": 8,
        "cpu_speed_mhz": 8000, "cpu_total_mhz": 64000.0, "cpu_allocated_mhz": float(500 * (number % 40)),
        "cpu_used_percent": float(number % 80), "memory_total_bytes": 32 * GIB,
        "memory_allocated_bytes": (number % 24) * GIB, "memory_used_bytes": (number % 20) * GIB,
    }  # fmt: skip


def large_cloud(hosts: int = 1000, instances: int = 100_000, name: str = "Large") -> SmallCloud:
    """A cloud of size, in bulk: pods of 100 hosts, clusters of 20; instances spread over hosts and both tenants."""
    small = small_cloud(name, hosts=4)
    cloud, zone = small.cloud, small.zone
    pods = m.Pod.objects.bulk_create(
        build(m.Pod, cloud, f"POD{number + 1}", zone=zone, state="Enabled") for number in range((hosts + 99) // 100)
    )
    clusters = m.Cluster.objects.bulk_create(
        build(m.Cluster, cloud, f"C{number + 1}", zone=zone, pod=pods[number // 5], state="Enabled",
              managed_state="Managed", hypervisor="Simulator")
        for number in range((hosts + 19) // 20)
    )  # fmt: skip
    rows = m.Host.objects.bulk_create(
        (
            build(m.Host, cloud, f"host-{number:04}", **host_fields(
                number, {"zone": zone, "pod": clusters[number // 20].pod, "cluster": clusters[number // 20]}))
            for number in range(max(0, hosts - 4))
        ),
        batch_size=500,
    )  # fmt: skip
    small.hosts += rows
    names = list(small.tenants)
    m.Instance.objects.bulk_create(
        (
            build(
                m.Instance, cloud, f"vm-{number:06}", zone=zone, host=small.hosts[number % len(small.hosts)],
                state="Stopped" if number % 50 == 0 else "Running", offering=small.offering, template=small.template,
                account=small.accounts[names[number % 2]], domain=small.domains[names[number % 2]],
                tenant_uuid=small.tenants[names[number % 2]].uuid, cpu_count=1, cpu_speed_mhz=500, memory_mib=512,
                internal_name=f"i-2-{number}-VM",
            )
            for number in range(max(0, instances - 4))
        ),
        batch_size=1000,
    )  # fmt: skip
    return small
