"""The actions of this room on the audit trail."""

from django.utils.translation import gettext_lazy as _

from provisioning.audit.actions import register

register("cloud.add", _("Cloud added"))
register("cloud.change", _("Cloud changed"))
register("cloud.remove", _("Cloud removed"))
register("cloud.probe", _("Cloud's keys tried"))
register("cloud.sync", _("Sync asked for"))
