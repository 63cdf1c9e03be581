from __future__ import annotations

import uuid

import pytest
from django.db import transaction

from provisioning.live import CLOUD, publish, publish_many, publishing, topic_of
from provisioning.live.models import LiveEvent

CLOUD_TOPIC = f"cloud.{uuid.UUID(int=1)}"


class Layer:
    def __init__(self, error: Exception | None = None) -> None:
        self.sent: list[tuple[str, dict[str, object]]] = []
        self.error = error

    async def group_send(self, group: str, message: dict[str, object]) -> None:
        if self.error:
            raise self.error
        self.sent.append((group, message))


@pytest.fixture
def layer(monkeypatch: pytest.MonkeyPatch) -> Layer:
    layer = Layer()
    monkeypatch.setattr(publishing, "get_channel_layer", lambda: layer)
    monkeypatch.setattr(publishing, "_quiet_until", 0.0)
    return layer


@pytest.mark.django_db
def test_event_is_stored_and_announced_once_per_transaction(layer: Layer, django_capture_on_commit_callbacks) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        publish(CLOUD_TOPIC, "host.changed", {"name": "h1"})
        publish_many([(CLOUD_TOPIC, "host.changed", {"name": n}) for n in ("h2", "h3")])
        assert layer.sent == []
    assert [event.payload["name"] for event in LiveEvent.objects.all()] == ["h1", "h2", "h3"]
    assert layer.sent == [("live", {"type": "live.wake"})]


@pytest.mark.django_db
def test_rolled_back_change_leaves_no_event_and_no_announcement(
    layer: Layer, django_capture_on_commit_callbacks
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        with pytest.raises(RuntimeError), transaction.atomic():
            publish(CLOUD_TOPIC, "host.changed", {})
            raise RuntimeError
        assert not LiveEvent.objects.exists()
    assert layer.sent == []


@pytest.mark.django_db
def test_announcement_survives_a_rolled_back_inner_block(layer: Layer, django_capture_on_commit_callbacks) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        with pytest.raises(RuntimeError), transaction.atomic():
            publish(CLOUD_TOPIC, "a", {})
            raise RuntimeError
        publish(CLOUD_TOPIC, "b", {})
    assert [event.kind for event in LiveEvent.objects.all()] == ["b"]
    assert len(layer.sent) == 1


@pytest.mark.django_db
def test_broken_channel_layer_does_not_break_the_write(layer: Layer, django_capture_on_commit_callbacks) -> None:
    layer.error = ConnectionError("no valkey")
    with django_capture_on_commit_callbacks(execute=True):
        publish(CLOUD_TOPIC, "a", {})
    assert LiveEvent.objects.count() == 1
    # Nobody waits for the next time-out either: the layer is left alone for a moment.
    layer.error = None
    with django_capture_on_commit_callbacks(execute=True):
        publish(CLOUD_TOPIC, "b", {})
    assert LiveEvent.objects.count() == 2
    assert layer.sent == []


@pytest.mark.django_db
@pytest.mark.parametrize("topic", ["everything", "cloud", "cloud.1", "host." + str(uuid.UUID(int=1)), ""])
def test_topic_nobody_could_hear_is_refused(topic: str) -> None:
    with pytest.raises(ValueError):
        publish(topic, "a", {})
    assert not LiveEvent.objects.exists()


@pytest.mark.django_db
def test_topic_is_stored_in_one_spelling(layer: Layer) -> None:
    publish(CLOUD_TOPIC.upper().replace("CLOUD", "cloud").replace("-", ""), "a", {})
    assert LiveEvent.objects.get().topic == CLOUD_TOPIC


def test_topic_of() -> None:
    assert topic_of(CLOUD, uuid.UUID(int=1)) == CLOUD_TOPIC
    with pytest.raises(ValueError):
        topic_of("galaxy", uuid.UUID(int=1))
