"""Django's database sessions with one more question: has this session been revoked, or left alone for too long?"""

from __future__ import annotations

from typing import Any

from asgiref.sync import sync_to_async
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends import db


class SessionStore(db.SessionStore):
    """`SESSION_ENGINE`. A signed-in session without a living `UserSession` row loads as empty: nobody."""

    def load(self) -> dict[str, Any]:
        return self._living(super().load())

    async def aload(self) -> dict[str, Any]:
        return await sync_to_async(self._living)(await super().aload())

    def _living(self, data: dict[str, Any]) -> dict[str, Any]:
        if SESSION_KEY not in data:
            return data
        from provisioning.accounts.sessions import alive

        if alive(self.session_key) is None:
            self._session_key = None
            return {}
        return data
