"""What every API view is made of: closed by default, scoped, strict about parameters, paged by cursor."""

from __future__ import annotations

import uuid
import zlib
from typing import Any, ClassVar

from django.http import HttpResponse, QueryDict
from django.urls import Resolver404, resolve
from django.utils.cache import patch_cache_control
from django.utils.translation import gettext as _
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from portal.api.permissions import HasScope
from portal.api.problems import BadParameters
from portal.web.clouds.lookup import cloud_for
from portal.web.table_spec import BadParameter, TableSpec, Viewer
from portal.web.tables import Table

LARGEST_PAGE = 500
USUAL_PAGE = 100
PAGING_PARAMETERS = frozenset({"cursor", "limit", "sort", "count"})


class ApiView(APIView):
    """Base of all views. `scope` is what a token must carry; `parameters` are the only query parameters there are."""

    scope: ClassVar[str] = "inventory:read"
    permission_classes = (HasScope,)
    parameters: ClassVar[frozenset[str]] = frozenset()

    def known_parameters(self) -> frozenset[str]:
        return self.parameters

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        unknown = sorted(set(request.query_params) - self.known_parameters())
        if unknown:
            # A misspelt filter must not answer with everything.
            raise BadParameters([BadParameter(key, _("There is no such parameter here.")) for key in unknown])

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        response = super().finalize_response(request, response, *args, **kwargs)
        patch_cache_control(response, private=True, no_cache=True)
        return response

    def viewer(self, request: Request, cloud: uuid.UUID) -> Viewer:
        """The caller at one cloud; Http404 when there is none or they may not see it."""
        return Viewer(request.user, cloud_for(request, cloud))  # type: ignore[arg-type]


class TableView(ApiView):
    """A list: the same table as the page, its filters, sort and order; JSON rows instead of cells."""

    spec: ClassVar[TableSpec]

    def known_parameters(self) -> frozenset[str]:
        return frozenset({item.key for item in self.spec.filters} | PAGING_PARAMETERS)

    def rendered(self, rows: list[Any], viewer: Viewer) -> list[Any]:
        raise NotImplementedError

    def loaded(self, rows: Any) -> Any:
        """The queryset with all that `rendered` reads joined in."""
        return rows

    def may_list(self, viewer: Viewer) -> None:
        """Raises Http404 when this person may not know of the list."""

    def get(self, request: Request, cloud: uuid.UUID) -> Response:
        viewer = self.viewer(request, cloud)
        self.may_list(viewer)
        return self.page(request, viewer)

    def page(self, request: Request, viewer: Viewer) -> Response:
        params = request.query_params.copy()
        cursor, size = params.get("cursor", ""), params.get("limit", "")
        if size:
            params["per"] = size
        counted = params.get("count", "")
        for key in ("cursor", "limit", "count"):
            params.pop(key, None)
        table = Table(self.spec, viewer, params, page_sizes=(USUAL_PAGE, LARGEST_PAGE), strict=True)
        _validated = table.rows
        if counted not in {"", "true", "false"}:
            table.errors.append(BadParameter("count", _("Count is true or false.")))
        hidden = [key for key in request.query_params if key not in PAGING_PARAMETERS | {i.key for i in table.filters}]
        table.errors += [BadParameter(key, _("There is no such parameter here.")) for key in hidden]
        if table.errors:
            raise BadParameters([_as_sent(error) for error in table.errors])
        order = _order_of(table)
        places = {}
        if cursor:
            side, place = {"n": "after", "p": "before"}.get(cursor[0]), cursor[1:].removeprefix(order)
            if side is None or not place or place == cursor[1:]:
                # In another order the same place would be anywhere, and rows would be left out in silence.
                raise BadParameter("cursor", _("This place in the list is not known. Start from the first page."))
            places = {side: place}
        try:
            page = table.fetch(table.page_size, **places, load=self.loaded)
        except BadParameter as problem:
            raise BadParameter("cursor", str(problem)) from None
        body: dict[str, Any] = {
            "results": self.rendered(page.rows, viewer),
            "next": _link(request, "n", order, page.next_cursor),
            "previous": _link(request, "p", order, page.previous_cursor),
        }
        if counted == "true":
            body["count"] = {"value": table.count.value, "is_exact": table.count.is_exact}
        return Response(body)


def _as_sent(error: BadParameter) -> BadParameter:
    return BadParameter("limit", str(error)) if error.key == "per" else error


def _order_of(table: Table) -> str:
    """A short mark of the order of a list, for its cursors."""
    column, descending = table.sort
    key = column.key if column else ""
    return f"{zlib.crc32(f'{key} {descending}'.encode()):08x}"


def _link(request: Request, direction: str, order: str, cursor: str) -> str | None:
    if not cursor:
        return None
    params: QueryDict = request.query_params.copy()
    params["cursor"] = direction + order + cursor
    return request.build_absolute_uri(f"{request.path}?{params.urlencode()}")


class Elsewhere(APIView):
    """Any other path: the same address with its slash if that is one of ours, else a 404 document."""

    permission_classes = ()
    schema = None

    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        if not request.path.endswith("/"):
            try:
                match = resolve(f"{request.path}/")
            except Resolver404:
                match = None
            if match is not None and getattr(match.func, "cls", None) is not Elsewhere:
                request.resolver_match = match
                answer: HttpResponse = match.func(request, *match.args, **match.kwargs)
                return answer
        return super().dispatch(request, *args, **kwargs)  # type: ignore[return-value]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        raise NotFound(_("There is nothing here that you may see."))
