from wagtail.users.apps import WagtailUsersAppConfig


class StaffAppConfig(WagtailUsersAppConfig):
    """Wagtail's users, listed and edited as staff."""

    user_viewset = "masthead.newsroom.staff.StaffViewSet"
