"""The filters of every list, shared by pages, exports and the API."""

from portal.web.inventory.filters.fields import ChoiceFilter, FlagFilter, StateFilter, TagFilter, TenantFilter
from portal.web.inventory.filters.relations import RelationFilter
from portal.web.inventory.filters.text import SearchFilter
from portal.web.inventory.filters.time import GoneFilter, SinceFilter

__all__ = [
    "ChoiceFilter", "FlagFilter", "GoneFilter", "RelationFilter", "SearchFilter", "SinceFilter", "StateFilter",
    "TagFilter", "TenantFilter",
]  # fmt: skip
