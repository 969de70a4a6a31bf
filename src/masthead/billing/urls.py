"""Where providers send their webhooks, and the sandbox's own pages."""

from django.urls import include, path

from masthead.billing import views

urlpatterns = [
    path("webhooks/<slug:provider>/", views.webhook),
    path("sandbox/", include("masthead.billing.providers.sandbox.urls")),
]
