"""Who works here: added, changed and let go by administrators, in place of Wagtail's users, which are all readers."""

from __future__ import annotations

from typing import Any

from allauth.account.internal.flows.password_reset import request_password_reset
from allauth.core import context
from allauth.mfa.models import Authenticator
from django import forms
from wagtail.admin.ui.tables import BulkActionsCheckboxColumn
from wagtail.users.forms import UserCreationForm, UserEditForm
from wagtail.users.views.users import DeleteView, IndexView, UserViewSet

from masthead.core import changelog
from masthead.readers import addresses, services, sessions
from masthead.readers.models import Reader


class StaffCreationForm(UserCreationForm):
    """Somebody new, or a reader who now works here. They get a mail to set their password with."""

    def __init__(self, data: Any = None, *args: Any, **kwargs: Any) -> None:
        reader = _reader((data or {}).get("email", ""))
        if reader is not None and not reader.is_staff:
            kwargs["instance"] = reader
        super().__init__(data, *args, **kwargs)

    def save(self, commit: bool = True) -> Reader:
        with changelog.transaction() as changes:
            if self.instance.pk:
                # registered from sessions that six digits opened: not good for the newsroom
                Authenticator.objects.filter(user=self.instance).delete()
                sessions.log_out_everywhere(reader=self.instance)
            else:
                self.instance.set_unusable_password()
            self.instance.is_staff = True
            reader = super().save(commit)
            changes.add(changelog.visitor(reader.subject))
        request_password_reset(context.request, reader.email, [reader], None)
        return reader


def _reader(email: str) -> Reader | None:
    try:
        return Reader.objects.filter(identity=addresses.identity(addresses.clean(email))).first()
    except addresses.BadAddress:
        return None


class StaffEditForm(UserEditForm):
    """Whoever is let go, or shut out, is logged out everywhere at once."""

    is_staff = forms.BooleanField(
        label="Works here", required=False, help_text="Without the tick they are a reader, and the newsroom is shut to them."
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        editing_self = kwargs.get("editing_self", False)
        super().__init__(*args, **kwargs)
        if editing_self:
            del self.fields["is_staff"]

    class Meta(UserEditForm.Meta):
        fields = UserEditForm.Meta.fields | {"is_staff"}

    def save(self, commit: bool = True) -> Reader:
        with changelog.transaction() as changes:
            reader = super().save(commit)
            changes.add(changelog.visitor(reader.subject))
            if not (reader.is_active and reader.is_staff):
                sessions.log_out_everywhere(reader=reader)
        return reader


class StaffIndexView(IndexView):
    """Those who work here; readers have a page of their own."""

    page_title = "Staff"
    any_permission_required = ("add", "change", "delete")  # "view" is support's, for readers
    add_item_label = "Add somebody"

    @property
    def columns(self) -> list[Any]:  # type: ignore[override]
        return [column for column in super().columns if not isinstance(column, BulkActionsCheckboxColumn)]

    def get_base_queryset(self) -> Any:
        return super().get_base_queryset().filter(is_staff=True)


class StaffDeleteView(DeleteView):
    def delete_action(self) -> None:
        services.delete(reader=self.object)


class StaffViewSet(UserViewSet):
    index_view_class = StaffIndexView
    delete_view_class = StaffDeleteView
    menu_label = "Staff"

    def get_form_class(self, for_update: bool = False) -> Any:
        return StaffEditForm if for_update else StaffCreationForm
