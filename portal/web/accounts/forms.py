"""Forms of the accounts pages. They check shape only; rules are the operations'."""

from __future__ import annotations

import zoneinfo
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from provisioning.accounts.models import Membership, Tenant, User


class SignInForm(forms.Form):
    username = forms.CharField(
        label=_("User name"),
        max_length=150,
        widget=forms.TextInput(attrs={"autocomplete": "username", "autofocus": True, "autocapitalize": "none",
                                      "spellcheck": "false"}),
    )  # fmt: skip
    password = forms.CharField(
        label=_("Password"),
        max_length=1000,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )


class ProfileForm(forms.ModelForm):  # type: ignore[type-arg]
    time_zone = forms.ChoiceField(label=_("Time zone"), help_text=_("Every time on every page is shown in it."))

    class Meta:
        model = User
        fields = ["full_name", "email", "time_zone", "theme", "density"]
        labels = {
            "full_name": _("Full name"),
            "email": _("E-mail"),
            "theme": _("Appearance"),
            "density": _("Density of tables"),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        names = sorted(zoneinfo.available_timezones())
        self.fields["time_zone"].choices = [("UTC", "UTC"), *((name, name) for name in names if name != "UTC")]  # type: ignore[attr-defined]


class NewPersonForm(forms.Form):
    username = forms.CharField(
        label=_("User name"), max_length=150, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
    full_name = forms.CharField(label=_("Full name"), max_length=200, required=False)
    email = forms.EmailField(label=_("E-mail"), required=False)
    role = forms.ChoiceField(label=_("Role"), choices=User.Role.choices, initial=User.Role.MEMBER)


class PersonForm(forms.Form):
    full_name = forms.CharField(label=_("Full name"), max_length=200, required=False)
    email = forms.EmailField(label=_("E-mail"), required=False)
    role = forms.ChoiceField(label=_("Role"), choices=User.Role.choices)
    reason = forms.CharField(label=_("Reason"), max_length=500, required=False)


class MembershipForm(forms.Form):
    tenant = forms.ModelChoiceField(
        label=_("Tenant"), queryset=Tenant.objects.all(), to_field_name="uuid", empty_label=_("choose a tenant")
    )
    role = forms.ChoiceField(label=_("Role in the tenant"), choices=Membership.Role.choices)


class TokenForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=100, help_text=_("What uses it, such as “nightly report”."))
    scopes = forms.MultipleChoiceField(label=_("May"), widget=forms.CheckboxSelectMultiple)
    lifetime_days = forms.TypedChoiceField(
        label=_("Valid for"),
        coerce=int,
        choices=[(7, _("7 days")), (30, _("30 days")), (90, _("90 days")), (365, _("1 year"))],
        initial=90,
    )

    def __init__(self, *args: Any, scopes: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["scopes"].choices = scopes  # type: ignore[attr-defined]


class PasswordForm(forms.Form):
    """A new password, once with the old one (`asks_old`) and once by a link."""

    old_password = forms.CharField(
        label=_("Present password"), strip=False, max_length=1000,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )  # fmt: skip
    new_password = forms.CharField(
        label=_("New password"), strip=False, max_length=1000,
        help_text=_("At least 12 characters. A sentence is easier to keep in mind than signs."),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )  # fmt: skip

    def __init__(self, *args: Any, asks_old: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not asks_old:
            del self.fields["old_password"]


class TenantForm(forms.Form):
    """Which account or project of a cloud becomes a tenant; `owners` are (value, label) of what the cloud has."""

    owner = forms.ChoiceField(label=_("Account or project"))
    name = forms.CharField(label=_("Name here"), max_length=200, required=False,
                           help_text=_("Left empty, the account's own name is used."))  # fmt: skip
    api_key = forms.CharField(label=_("API key of the tenant"), max_length=200, required=False,
                              widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}))  # fmt: skip
    secret_key = forms.CharField(
        label=_("Secret key"), max_length=400, required=False, help_text=_("Stored encrypted and never shown again."),
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
    )  # fmt: skip

    def __init__(self, *args: Any, owners: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["owner"].choices = owners  # type: ignore[attr-defined]


class TenantKeysForm(forms.Form):
    api_key = forms.CharField(label=_("API key"), max_length=200, required=False,
                              widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}))  # fmt: skip
    secret_key = forms.CharField(
        label=_("Secret key"), max_length=400, required=False,
        help_text=_("Left empty, the stored secret stays. An empty API key removes both."),
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
    )  # fmt: skip


class ReasonForm(forms.Form):
    reason = forms.CharField(label=_("Reason"), max_length=500)


def say(form: forms.BaseForm, error: Any, request_id: str) -> None:
    """Put a refusal (`sentence`, `field`) at its field, with the request id by which the log and the trail know it."""
    field = error.field if getattr(error, "field", "") in form.fields else None
    form.add_error(field, f"{error.sentence} ({_('request')} {request_id})")
