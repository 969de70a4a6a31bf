"""The newsroom's own addresses at its door. They stand before Wagtail's, whose log-in and log-out they replace.

The names are allauth's: its flows look them up.
"""

from allauth.account import views as account
from allauth.mfa.base import views as mfa
from allauth.mfa.recovery_codes import views as recovery
from allauth.mfa.totp import views as totp
from allauth.mfa.webauthn import views as webauthn
from django.urls import path, re_path

from masthead.newsroom.views import door, explore

urlpatterns = [
    path("login/", door.Login.as_view(), name="account_login"),
    path("login/second-factor/", mfa.authenticate, name="mfa_authenticate"),
    path("login/passkey/", door.Passkey.as_view(), name="mfa_login_webauthn"),
    path("login/closed/", account.account_inactive, name="account_inactive"),
    path("logout/", door.log_out, name="account_logout"),
    path("forgotten/", account.password_reset, name="account_reset_password"),
    path("forgotten/asked/", account.password_reset_done, name="account_reset_password_done"),
    path("forgotten/done/", account.password_reset_from_key_done, name="account_reset_password_from_key_done"),
    re_path(
        r"^forgotten/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        account.password_reset_from_key,
        name="account_reset_password_from_key",
    ),
    path("auth/password/", account.password_change, name="account_change_password"),
    path("auth/password/set/", account.password_set, name="account_set_password"),
    path("auth/reauthenticate/", account.reauthenticate, name="account_reauthenticate"),
    path("auth/2fa/", mfa.index, name="mfa_index"),
    path("auth/2fa/reauthenticate/", mfa.reauthenticate, name="mfa_reauthenticate"),
    path("auth/2fa/app/", totp.activate_totp, name="mfa_activate_totp"),
    path("auth/2fa/app/remove/", totp.deactivate_totp, name="mfa_deactivate_totp"),
    path("auth/2fa/recovery-codes/", recovery.view_recovery_codes, name="mfa_view_recovery_codes"),
    path("auth/2fa/recovery-codes/new/", recovery.generate_recovery_codes, name="mfa_generate_recovery_codes"),
    path("auth/2fa/recovery-codes/download/", recovery.download_recovery_codes, name="mfa_download_recovery_codes"),
    path("auth/2fa/passkeys/", webauthn.list_webauthn, name="mfa_list_webauthn"),
    path("auth/2fa/passkeys/add/", webauthn.add_webauthn, name="mfa_add_webauthn"),
    path("auth/2fa/passkeys/reauthenticate/", webauthn.reauthenticate_webauthn, name="mfa_reauthenticate_webauthn"),
    path("auth/2fa/passkeys/<int:pk>/remove/", webauthn.remove_webauthn, name="mfa_remove_webauthn"),
    path("auth/2fa/passkeys/<int:pk>/edit/", webauthn.edit_webauthn, name="mfa_edit_webauthn"),
    path("pages/<int:parent_page_id>/", explore.explore),
    path("password_reset/", door.to_log_in),
    path("password_reset/<path:rest>", door.to_log_in),
]
