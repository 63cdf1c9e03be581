"""Probes for supervisors, load balancers and `make run`."""

from django.urls import path

from portal.stack import probes

urlpatterns = [
    path("healthz", probes.healthz, name="healthz"),
    path("readyz", probes.readyz, name="readyz"),
]
