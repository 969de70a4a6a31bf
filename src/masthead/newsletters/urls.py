"""Where mail providers send their webhooks."""

from django.urls import path

from masthead.newsletters import webhooks

urlpatterns = [path("webhooks/mail/<slug:provider>/", webhooks.webhook)]
