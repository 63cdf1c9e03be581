"""The actions of this room on the audit trail."""

from django.utils.translation import gettext_lazy as _

from provisioning.audit.actions import register

register("session.sign_in", _("Signed in"))
register("session.sign_out", _("Signed out"))
register("session.revoke", _("Session ended"))
register("person.create", _("Person added"))
register("person.change", _("Person changed"))
register("person.disable", _("Person disabled"))
register("person.enable", _("Person enabled"))
register("person.password_link", _("Password link made"))
register("person.password_change", _("Password changed"))
register("person.profile", _("Own profile changed"))
register("membership.grant", _("Membership given"))
register("membership.revoke", _("Membership taken away"))
register("tenant.add", _("Tenant added"))
register("tenant.change", _("Tenant changed"))
register("tenant.remove", _("Tenant removed"))
register("api_token.create", _("API token made"))
register("api_token.revoke", _("API token revoked"))
register("access.attempt", _("Change attempted"))
