"""The sandbox's pages: a checkout and a portal, as a provider would have them on a site of its own."""

from django.urls import path

from masthead.billing.providers.sandbox import views

urlpatterns = [
    path("checkout/<slug:number>/", views.checkout),
    path("portal/<str:token>/", views.portal),
]
