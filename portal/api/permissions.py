from rest_framework.permissions import BasePermission


class DenyByDefault(BasePermission):
    """A view that names no permission of its own serves nobody."""

    def has_permission(self, request: object, view: object) -> bool:
        return False
