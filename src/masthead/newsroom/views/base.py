"""What our own newsroom pages share: Wagtail's frame around them, and who may see them."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.views.generic import TemplateView
from wagtail.admin.views.generic.base import WagtailAdminTemplateMixin


class NewsroomPage(WagtailAdminTemplateMixin, TemplateView):
    """A page in the newsroom's frame. ``permissions``: any one of them lets in; none: whoever may enter the newsroom."""

    permissions: tuple[str, ...] = ()

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not may(request, *self.permissions):
            raise PermissionDenied
        return super().dispatch(request, *args, **kwargs)

    def get_breadcrumbs_items(self) -> list[dict[str, str]]:
        return [*self.breadcrumbs_items, {"url": "", "label": self.get_page_title()}]


def may(request: HttpRequest, *permissions: str) -> bool:
    """Whether the one who asks has any of ``permissions`` (or none is asked for)."""
    return not permissions or any(request.user.has_perm(permission) for permission in permissions)
