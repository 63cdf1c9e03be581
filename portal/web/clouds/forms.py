"""The form of a cloud. It checks shape only; whether the keys work is asked of CloudStack by the operation."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

MAX_BUNDLE = 512 * 1024  # characters


class CloudForm(forms.Form):
    """`stored_secret`: there is one already, and an empty field keeps it."""

    name = forms.CharField(
        label=_lazy("Name"), max_length=200, help_text=_lazy("What people here call it, such as prod-eu.")
    )
    api_url = forms.CharField(
        label=_lazy("Address of the API"), max_length=500,
        help_text=_lazy("Ends in /client/api."),
        widget=forms.TextInput(attrs={"placeholder": "https://cloud.example.org/client/api", "inputmode": "url",
                                      "autocomplete": "off", "spellcheck": "false"}),
    )  # fmt: skip
    api_key = forms.CharField(
        label=_lazy("API key"), max_length=200,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "class": "zw-mono"}),
    )  # fmt: skip
    secret_key = forms.CharField(
        label=_lazy("Secret key"), max_length=400,
        # htmx leaves this very element in place when the form comes back: what was typed is not lost.
        widget=forms.PasswordInput(attrs={"autocomplete": "off", "spellcheck": "false", "hx-preserve": "true"}),
    )  # fmt: skip
    ca_bundle = forms.CharField(
        label=_lazy("CA certificates (PEM)"), required=False, max_length=MAX_BUNDLE,
        help_text=_lazy("Only for a certificate that the system does not know. Trusted for this cloud alone."),
        widget=forms.Textarea(attrs={"rows": 4, "class": "zw-mono", "spellcheck": "false",
                                     "placeholder": "-----BEGIN CERTIFICATE-----"}),
    )  # fmt: skip
    proxy_url = forms.CharField(
        label=_lazy("Outbound proxy"), required=False, max_length=500,
        help_text=_lazy("Left empty, the cloud is asked directly."),
        widget=forms.TextInput(attrs={"placeholder": "http://proxy.example.org:3128", "autocomplete": "off",
                                      "spellcheck": "false"}),
    )  # fmt: skip
    verify_tls = forms.BooleanField(
        label=_lazy("Check the server's certificate"), required=False, initial=True,
        help_text=_lazy("Switch off in a laboratory only: without it, whoever is in between reads and changes all."),
    )  # fmt: skip

    def __init__(self, *args: Any, stored_secret: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.stored_secret = stored_secret
        self.fields["secret_key"].required = not stored_secret
        self.fields["secret_key"].help_text = (
            _("Stored encrypted; left empty, the stored one stays.")
            if stored_secret
            else _("Stored encrypted and never shown again.")
        )

    def clean_proxy_url(self) -> str:
        proxy = str(self.cleaned_data.get("proxy_url") or "")
        if proxy and not proxy.startswith(("http://", "https://")):
            raise ValidationError(_("A proxy's address begins with http:// or https://."))
        return proxy

    def clean_ca_bundle(self) -> str:
        bundle = str(self.cleaned_data.get("ca_bundle") or "").strip()
        if bundle and "-----BEGIN CERTIFICATE-----" not in bundle:
            raise ValidationError(_("This is not PEM: it has no line -----BEGIN CERTIFICATE-----."))
        if "PRIVATE KEY-----" in bundle:
            raise ValidationError(_("This holds a private key. Paste certificates only."))
        return bundle


class EditCloudForm(CloudForm):
    is_enabled = forms.BooleanField(
        label=_lazy("Ask this cloud"), required=False,
        help_text=_lazy("Switched off, what is known stays on screen and nothing is asked any more."),
    )  # fmt: skip
    reason = forms.CharField(label=_lazy("Reason"), max_length=500, required=False,
                             help_text=_lazy("Stands on the audit trail."))  # fmt: skip

    field_order = ["name", "api_url", "api_key", "secret_key", "ca_bundle", "proxy_url", "verify_tls", "is_enabled"]


class RemoveCloudForm(forms.Form):
    typed_name = forms.CharField(label=_lazy("Name of the cloud"), max_length=200,
                                 widget=forms.TextInput(attrs={"autocomplete": "off"}))  # fmt: skip
    reason = forms.CharField(label=_lazy("Reason"), max_length=500)

    def __init__(self, *args: Any, cloud_name: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.cloud_name = cloud_name

    def clean_typed_name(self) -> str:
        typed = str(self.cleaned_data["typed_name"]).strip()
        if typed != self.cloud_name:
            raise ValidationError(_("Type %(name)s to remove it.") % {"name": self.cloud_name})
        return typed


# Where a sentence about the connection belongs: at the field that people would change.
_FIELD_OF = {
    "authentication": "secret_key",
    "permission": "api_key",
    "command_missing": "api_key",
    "not_cloudstack": "api_url",
    "busy": "api_url",
    "fault": "api_url",
    "partial": "api_url",
}
_FIELD_OF_CAUSE = {"tls": "ca_bundle", "certificate": "ca_bundle", "ca_bundle": "ca_bundle", "proxy": "proxy_url"}


def field_of(error: Any) -> str:
    """The form's field that a CloudStackError or Refused is about; "" for the form as a whole."""
    if getattr(error, "field", ""):
        return str(error.field)
    cause = getattr(error, "cause", "")
    for word, field in _FIELD_OF_CAUSE.items():
        if word in cause:
            return field
    return _FIELD_OF.get(getattr(error, "kind", ""), "api_url")
