"""Roles and the workflow: made after every migration, and safe to repeat.

Not a data migration: permissions exist only once Django has made them, after the last one. What a publication changed
afterwards (a role's further permissions, another workflow) stays: nothing is taken away here.
"""

from __future__ import annotations

from typing import Any

from django.apps import apps as registry
from django.contrib.auth.management import create_permissions
from django.contrib.auth.models import Group, Permission
from wagtail.models import (
    Collection,
    GroupApprovalTask,
    GroupCollectionPermission,
    GroupPagePermission,
    Workflow,
    WorkflowPage,
    WorkflowTask,
)

from masthead.articles.models import ArticleIndex

WRITER, EDITOR, PUBLISHER, SUPPORT = "Writer", "Editor", "Publisher", "Support"
APPROVAL = "Editor approval"

_PICTURES = {"add_image", "choose_image"}
_DESK = {
    "articles": {
        "add_author",
        "change_author",
        "delete_author",
        "view_author",
        "add_topic",
        "change_topic",
        "delete_topic",
        "view_topic",
        "add_relation",
        "change_relation",
        "delete_relation",
        "view_relation",
    },
}
# the Daily and the Weekly: what editors do each morning, and what only publishers set
_MAILROOM = {
    "newsletters": {"add_edition", "change_edition", "view_edition",
                    "add_wiresource", "change_wiresource", "delete_wiresource", "view_wiresource",
                    "add_wireentry", "change_wireentry", "view_wireentry",
                    "add_radarevent", "change_radarevent", "delete_radarevent", "view_radarevent"},
}  # fmt: skip
_MAILING = {
    "newsletters": {"add_newsletter", "change_newsletter", "delete_newsletter", "view_newsletter",
                    "add_holiday", "change_holiday", "delete_holiday", "view_holiday",
                    "add_welcomestep", "change_welcomestep", "delete_welcomestep", "view_welcomestep", "change_mailing"},
}  # fmt: skip
_PUBLISHING = {
    "access": {"add_policyversion", "view_policyversion", "add_grant", "change_grant", "view_grant",
               "add_network", "change_network", "delete_network", "view_network"},
    "billing": {"add_plan", "change_plan", "view_plan", "add_price", "change_price", "view_price",
                "add_offer", "change_offer", "delete_offer", "view_offer",
                "add_promotioncode", "change_promotioncode", "delete_promotioncode", "view_promotioncode",
                "view_webhook", "change_webhook", "view_ledgerevent", "view_auditentry",
                "view_subscription", "change_subscription"},
    "ads": {"add_advertisement", "change_advertisement", "delete_advertisement", "view_advertisement"},
    "newsletters": _MAILROOM["newsletters"] | _MAILING["newsletters"],
    "core": {"change_publication"},
    "readers": {"view_reader", "support_reader"},
    "wagtailredirects": {"add_redirect", "change_redirect", "delete_redirect"},
    "wagtailcore": {"add_workflow", "change_workflow", "add_task", "change_task"},
}  # fmt: skip
_SUPPORT = {
    "access": {"add_grant", "change_grant", "view_grant"},
    "billing": {"view_webhook", "change_webhook", "view_ledgerevent", "view_auditentry",
                "view_subscription", "change_subscription"},
    "readers": {"view_reader", "support_reader"},
}  # fmt: skip

# role -> (permissions by app, on articles, on pictures)
ROLES: dict[str, tuple[dict[str, set[str]], set[str], set[str]]] = {
    WRITER: ({"articles": {"view_author", "view_topic", "view_relation"}}, {"add_page"}, _PICTURES),
    EDITOR: (
        {**_DESK, **_MAILROOM},
        {"add_page", "change_page", "publish_page", "lock_page", "unlock_page"},
        _PICTURES | {"change_image"},
    ),
    PUBLISHER: (
        {**_DESK, **_PUBLISHING},
        {"add_page", "change_page", "publish_page", "lock_page", "unlock_page"},
        _PICTURES | {"change_image", "delete_image"},
    ),
    SUPPORT: (_SUPPORT, set(), set()),
}


def ensure(**_: Any) -> None:
    """See that the four roles can do their work and that an approval stands between a writer and the reader."""
    if not _ready():
        return
    groups = {name: _role(name, *what) for name, what in ROLES.items()}
    index = ArticleIndex.objects.first()
    if index is not None:
        for name, (_, on_articles, _) in ROLES.items():
            for codename in on_articles:
                permission = _permission("wagtailcore", codename)
                GroupPagePermission.objects.get_or_create(group=groups[name], page_id=index.pk, permission=permission)
        _workflow(groups, index)


def _ready() -> bool:
    from django.db import connection

    tables = set(connection.introspection.table_names())
    if not {"wagtailcore_workflow", "articles_articleindex", "auth_permission", "wagtailimages_image"} <= tables:
        return False
    for label in {"wagtailadmin", "wagtailimages", "wagtailcore", *(app for what in ROLES.values() for app in what[0])}:
        create_permissions(registry.get_app_config(label), verbosity=0)
    return True


def _permission(app: str, codename: str) -> Permission:
    return Permission.objects.get(content_type__app_label=app, codename=codename)


def _role(name: str, permissions: dict[str, set[str]], _articles: set[str], pictures: set[str]) -> Group:
    group, _ = Group.objects.get_or_create(name=name)
    wanted = [_permission("wagtailadmin", "access_admin")]
    wanted += [_permission(app, codename) for app, codenames in permissions.items() for codename in codenames]
    group.permissions.add(*wanted)
    root = Collection.get_first_root_node()
    if root is not None:
        for codename in pictures:
            permission = _permission("wagtailimages", codename)
            GroupCollectionPermission.objects.get_or_create(group=group, collection=root, permission=permission)
    return group


def _workflow(groups: dict[str, Group], index: ArticleIndex) -> None:
    if Workflow.objects.filter(name=APPROVAL).exists():
        return
    task = GroupApprovalTask.objects.create(name=APPROVAL)
    task.groups.set([groups[EDITOR], groups[PUBLISHER]])
    workflow = Workflow.objects.create(name=APPROVAL)
    WorkflowTask.objects.create(workflow=workflow, task=task, sort_order=0)
    WorkflowPage.objects.get_or_create(page_id=index.pk, defaults={"workflow": workflow})
    # what Wagtail's own migrations bring; unused, it only confuses
    Workflow.objects.filter(name="Moderators approval", workflow_states=None).update(active=False)
    for name in ("Moderators", "Editors"):
        if _unused(name):
            Group.objects.filter(name=name).delete()


def _unused(name: str) -> bool:
    return not Group.objects.filter(name=name).exclude(user=None).exists()
