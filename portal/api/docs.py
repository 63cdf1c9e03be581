"""The description of the API for machines (OpenAPI 3) and for people (Swagger UI, from this server alone)."""

from __future__ import annotations

from typing import Any

from django.shortcuts import redirect
from drf_spectacular.renderers import OpenApiJsonRenderer, OpenApiYamlRenderer
from drf_spectacular.views import SpectacularAPIView
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.permissions import AllowAny
from rest_framework.renderers import TemplateHTMLRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.views import APIView

from portal.api.permissions import SignedIn
from provisioning.accounts import policies


class _PlainJson(OpenApiJsonRenderer):
    """The same for clients that ask for JSON by its usual name."""

    media_type = "application/json"
    format = "plain-json"


class SchemaView(SpectacularAPIView):
    """The OpenAPI description; JSON, or YAML by `Accept`."""

    permission_classes = [SignedIn]
    renderer_classes = [OpenApiJsonRenderer, _PlainJson, OpenApiYamlRenderer]
    content_negotiation_class = DefaultContentNegotiation


class DocsView(APIView):
    """Swagger UI. Its parts come from our own static files; nothing inline, nothing from elsewhere."""

    permission_classes = [AllowAny]
    renderer_classes = [TemplateHTMLRenderer]
    schema = None

    def get(self, request: Request) -> Any:
        if not policies.can_use_console(request.user):
            return redirect(f"{reverse('accounts:sign-in')}?next={request.path}")
        return Response({"schema_url": reverse("api:schema")}, template_name="api/docs.html")


class Root(APIView):
    """Where to go from here."""

    permission_classes = [SignedIn]
    schema = None

    def get(self, request: Request) -> Response:
        names = {"clouds": "api:clouds", "schema": "api:schema", "docs": "api:docs"}
        return Response({key: reverse(name, request=request) for key, name in names.items()})
