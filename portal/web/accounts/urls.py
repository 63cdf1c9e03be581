from django.urls import path, re_path

from portal.web.accounts import own_views, people_views, sign_in, tenant_views

app_name = "accounts"
urlpatterns = [
    path("sign-in/", sign_in.sign_in, name="sign-in"),
    path("sign-out/", sign_in.sign_out, name="sign-out"),
    path("password/set/<str:uid>/<str:token>/", people_views.set_password, name="set-password"),
    path("profile/", own_views.profile, name="profile"),
    path("password/", own_views.password, name="password"),
    path("sessions/", own_views.sessions, name="sessions"),
    path("sessions/end-others/", own_views.sessions_revoke_others, name="sessions-end-others"),
    path("sessions/state/", own_views.session_state, name="session-state"),
    path("sessions/stay/", own_views.session_stay, name="session-stay"),
    path("sessions/<uuid:uuid>/end/", own_views.session_revoke, name="session-end"),
    path("tokens/", own_views.tokens, name="tokens"),
    path("tokens/<uuid:uuid>/revoke/", own_views.token_revoke, name="token-revoke"),
    path("people/", people_views.people, name="people"),
    path("people/new/", people_views.person_new, name="person-new"),
    path("people/<uuid:uuid>/", people_views.person, name="person"),
    path("people/<uuid:uuid>/change/", people_views.person_change, name="person-change"),
    re_path(r"^people/(?P<uuid>[0-9a-f-]{36})/(?P<verb>disable|enable)/$", people_views.person_switch,
            name="person-switch"),
    path("people/<uuid:uuid>/password-link/", people_views.person_link, name="person-link"),
    path("people/<uuid:uuid>/memberships/", people_views.membership_grant, name="membership-grant"),
    path("people/<uuid:uuid>/memberships/<int:membership>/end/", people_views.membership_revoke,
         name="membership-revoke"),
    path("tenants/", tenant_views.tenants, name="tenants"),
    path("tenants/new/<uuid:cloud>/", tenant_views.tenant_new, name="tenant-new"),
    path("tenants/<uuid:uuid>/", tenant_views.tenant, name="tenant"),
    path("tenants/<uuid:uuid>/keys/", tenant_views.tenant_keys, name="tenant-keys"),
    path("tenants/<uuid:uuid>/remove/", tenant_views.tenant_remove, name="tenant-remove"),
]  # fmt: skip
