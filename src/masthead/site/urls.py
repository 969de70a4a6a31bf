"""Every address of the site."""

from django.urls import include, path
from wagtail.admin import urls as wagtailadmin_urls
from wagtail.documents import urls as wagtaildocs_urls

from masthead.front.views import health

urlpatterns = [
    path("health/live", health.live),
    path("health/ready", health.ready),
    path("newsroom/", include("masthead.newsroom.urls")),
    path("newsroom/", include(wagtailadmin_urls)),
    path("documents/", include(wagtaildocs_urls)),
    path("", include("masthead.billing.urls")),
    path("", include("masthead.newsletters.urls")),
    path("", include("masthead.front.urls")),
]

handler404 = "masthead.front.views.errors.not_found"
handler500 = "masthead.front.views.errors.broken"
