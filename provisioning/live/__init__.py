"""Live events: stored with a sequence number in the transaction of the change, announced once it is committed.

`publish` and `publish_many` are the whole interface for those who change things; `feed` is for those who listen.
"""

from provisioning.live.publishing import CLOUD, SYNC, TENANT, USER, publish, publish_many, topic_of

__all__ = ["CLOUD", "SYNC", "TENANT", "USER", "publish", "publish_many", "topic_of"]
