"""The gateway to CloudStack. Everybody else speaks through `Gateway`; nobody else imports `cs`."""

from provisioning.cloudstack.catalogue import Catalogue, Command, Parameter
from provisioning.cloudstack.client import Gateway
from provisioning.cloudstack.errors import (
    AuthenticationFailed,
    Busy,
    CloudStackError,
    CommandMissing,
    Conflict,
    LimitReached,
    NoCapacity,
    NotCloudStack,
    NotFound,
    ParameterRefused,
    PartialList,
    PermissionRefused,
    ServerFault,
    Unreachable,
)
from provisioning.cloudstack.jobs import JobResult, JobStatus, Submitted

__all__ = [
    "AuthenticationFailed",
    "Busy",
    "Catalogue",
    "CloudStackError",
    "Command",
    "CommandMissing",
    "Conflict",
    "Gateway",
    "JobResult",
    "JobStatus",
    "LimitReached",
    "NoCapacity",
    "NotCloudStack",
    "NotFound",
    "Parameter",
    "ParameterRefused",
    "PartialList",
    "PermissionRefused",
    "ServerFault",
    "Submitted",
    "Unreachable",
]
