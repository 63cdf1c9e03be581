from django.urls import path, re_path

from portal.web.audit import views

app_name = "audit"
urlpatterns = [
    path("", views.audit_list, name="list"),
    path("verify/", views.verify, name="verify"),
    path("verdict/", views.verdict, name="verdict"),
    re_path(r"^export\.(?P<form>csv|jsonl)$", views.export, name="export"),
    path("<uuid:uuid>/", views.detail, name="detail"),
]
