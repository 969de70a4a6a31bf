"""Every address of the site."""

from django.conf import settings
from django.contrib.staticfiles.urls import staticfiles_urlpatterns  # noqa: F401
from django.urls import include, path
from wagtail.admin import urls as wagtailadmin_urls
from wagtail.documents import urls as wagtaildocs_urls

from masthead.front.views import health

urlpatterns = [
    path("health/live", health.live),
    path("health/ready", health.ready),
    path("newsroom/", include(wagtailadmin_urls)),
    path("documents/", include(wagtaildocs_urls)),
]
