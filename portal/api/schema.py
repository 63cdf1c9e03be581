"""The API's own description: parameters come from the lists' filters, errors from the problem document."""

from __future__ import annotations

from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter, extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.views import APIView

PROBLEM: dict[str, Any] = {
    "type": "object",
    "description": "RFC 9457 problem document.",
    "required": ["type", "title", "status", "detail", "instance", "request_id"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "One sentence for a person."},
        "instance": {"type": "string"},
        "request_id": {"type": "string", "description": "The same id is in the log and in the X-Request-Id header."},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"parameter": {"type": "string"}, "detail": {"type": "string"}},
                "required": ["parameter", "detail"],
            },
        },
    },
}
ANSWERS = {
    "400": "A parameter or the body cannot be meant.",
    "401": "No valid token or session.",
    "403": "The token lacks the scope, or the role does not allow this.",
    "404": "There is nothing here that the caller may see.",
    "405": "This method is not offered here.",
    "406": "Only JSON is offered.",
    "429": "Too many calls; Retry-After says when to come back.",
    "500": "Something failed; the request id is in the log.",
}
WRITE_ANSWERS = {"409": "The state does not allow it.", "415": "The body must be JSON."}


class Schema(AutoSchema):
    """Adds the query parameters that a view knows, from the same declarations that it checks them by."""

    def get_auth(self) -> list[dict[str, Any]]:
        """None here: `describe_problems` gives every operation the same two."""
        return []

    def get_override_parameters(self) -> list[Any]:
        spec = getattr(self.view, "spec", None)
        own = list(getattr(self.view, "described_parameters", ()))
        if spec is None:
            return own
        sorts = [column.key for column in spec.columns if column.sort]
        return [
            *own,
            *(
                OpenApiParameter(item.key, _filter_schema(item), description=str(item.label), many=False)
                for item in spec.filters
            ),
            OpenApiParameter("sort", {"type": "string", "enum": [*sorts, *(f"-{key}" for key in sorts)],
                                      "default": spec.sort}),
            OpenApiParameter("limit", {"type": "integer", "minimum": 1, "maximum": 500, "default": 100}),
            OpenApiParameter("cursor", {"type": "string"}, description="From next or previous of an earlier answer."),
            OpenApiParameter("count", {"type": "boolean", "default": False},
                             description="Also count: exact up to 10,000 rows."),
        ]  # fmt: skip


def _filter_schema(item: Any) -> dict[str, Any]:
    one: dict[str, Any] = item.schema()
    return {"type": "array", "items": one} if item.many else one


class CountSerializer(serializers.Serializer[Any]):
    """How many rows; beyond 10,000 `value` is 10,000 and not exact."""

    value = serializers.IntegerField()
    is_exact = serializers.BooleanField()


def paged(serializer: Any, name: str, plain: bool = False) -> Any:
    """The envelope of a list: results, next, previous, count. `plain`: results alone."""
    fields: dict[str, Any] = {"results": serializer(many=True)}
    if not plain:
        fields |= {
            "next": serializers.URLField(allow_null=True),
            "previous": serializers.URLField(allow_null=True),
            "count": CountSerializer(required=False),
        }
    return inline_serializer(name, fields)


def described(
    view: type[APIView], operation: str, answer: Any, tags: list[str], summary: str, *, request: Any = None,
    status: int = 200,
) -> None:  # fmt: skip
    """Describe a view's one method. The method is wrapped on the class itself, so that siblings keep their own."""
    verb = "post" if request is not None else "get"
    method = getattr(view, verb)

    def own(self: Any, *args: Any, **kwargs: Any) -> Any:
        return method(self, *args, **kwargs)

    own.__name__, own.__doc__ = verb, view.__doc__
    decorate = extend_schema(
        operation_id=operation, responses={status: answer}, tags=tags, summary=summary, request=request
    )
    setattr(view, verb, decorate(own))


def describe_problems(result: dict[str, Any], generator: Any, request: Any, public: bool) -> dict[str, Any]:
    """drf-spectacular hook: every operation can answer with problem documents; tokens and sessions open it."""
    components = result.setdefault("components", {})
    components.setdefault("schemas", {})["ProblemDocument"] = PROBLEM
    components["securitySchemes"] = {
        "token": {"type": "http", "scheme": "bearer", "description": "A personal token, zw_…"},
        "session": {"type": "apiKey", "in": "cookie", "name": "sessionid"},
    }
    _loosen(components["schemas"])
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/ProblemDocument"}}}
    for path in result.get("paths", {}).values():
        for verb, operation in path.items():
            if verb not in {"get", "post", "put", "patch", "delete"}:
                continue
            operation["security"] = [{"token": []}, {"session": []}]
            answers = ANSWERS | (WRITE_ANSWERS if verb != "get" else {})
            for status, words in answers.items():
                operation["responses"].setdefault(status, {"description": words, "content": content})
    return result


def _loosen(schemas: dict[str, Any]) -> None:
    """What a member of a tenant does not get is not promised: such fields are described, but not as required."""
    from portal.api.serializers import MEMBER_CLOUD_FIELDS, SERIALIZERS, hidden_from_members

    always = {"Cloud": set(MEMBER_CLOUD_FIELDS), "Reference": {"kind", "name"}}
    hidden = {"Job": {"domain_path"}, "Event": {"domain_path"}}
    hidden |= {
        made.__name__.removesuffix("Serializer"): set(hidden_from_members(slug)) for slug, made in SERIALIZERS.items()
    }
    for name, schema in schemas.items():
        if name in always:
            schema["required"] = sorted(always[name])
        elif name in hidden:
            schema["required"] = [field for field in schema.get("required", []) if field not in hidden[name]]
