"""What of this room may stand on the audit trail."""

from django.utils.translation import gettext_lazy as _

from provisioning.audit.actions import register

register("health.acknowledge", _("Problem acknowledged"))
register("health.take_back", _("Acknowledgement taken back"))
