"""The browser's end of a websocket, without a network: messages in and out of the ASGI application."""

from __future__ import annotations

import json
from typing import Any

from asgiref.testing import ApplicationCommunicator


class Browser:
    """Speaks ASGI websocket to `application`. Times out rather than hang."""

    def __init__(self, application: Any, path: str, headers: list[tuple[bytes, bytes]]) -> None:
        scope = {"type": "websocket", "path": path, "query_string": b"", "headers": headers, "subprotocols": []}
        self._end = ApplicationCommunicator(application, scope)

    async def connect(self, timeout: float) -> tuple[bool, int | None]:
        await self._end.send_input({"type": "websocket.connect"})
        answer = await self._end.receive_output(timeout)
        return answer["type"] == "websocket.accept", answer.get("code")

    async def send_to(self, *, text_data: str) -> None:
        await self._end.send_input({"type": "websocket.receive", "text": text_data})

    async def send_json_to(self, message: Any) -> None:
        await self.send_to(text_data=json.dumps(message))

    async def receive_output(self, timeout: float) -> dict[str, Any]:
        message: dict[str, Any] = await self._end.receive_output(timeout)
        return message

    async def receive_json_from(self, timeout: float) -> Any:
        message = await self.receive_output(timeout)
        assert message["type"] == "websocket.send", message
        return json.loads(message["text"])

    async def receive_nothing(self, timeout: float) -> bool:
        return bool(await self._end.receive_nothing(timeout))

    async def disconnect(self, timeout: float) -> None:
        await self._end.send_input({"type": "websocket.disconnect", "code": 1001})
        await self._end.wait(timeout)
