"""The log-in form: the newsroom's, for those who work here."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.forms import LoginForm as AllauthLoginForm
from django.http import HttpRequest, HttpResponse

from masthead.readers import sessions


class LoginForm(AllauthLoginForm):
    """Address and password. A reader who does not work here learns no more than one who mistyped."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"].label = "E-mail address"
        for field in self.fields.values():
            field.widget.attrs.pop("placeholder", None)
        self.fields["password"].help_text = ""

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        user = getattr(self, "user", None)
        if user is not None and not user.is_staff:
            raise get_adapter().validation_error("email_password_mismatch")
        return cleaned

    def login(self, request: HttpRequest, redirect_url: str | None = None) -> HttpResponse:
        """Log in afresh: a session that six digits opened ends here, before the second factor is asked for."""
        if request.user.is_authenticated:
            sessions.log_out(request)
        return super().login(request, redirect_url=redirect_url)
