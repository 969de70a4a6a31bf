"""Answers to what went wrong: a clear sentence and the right status, never a stack trace."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form came from elsewhere, or from a page left open too long."""
    return render(request, "errors/cross_origin.html", status=403)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return render(request, "errors/not_found.html", status=404)


def broken(request: HttpRequest) -> HttpResponse:
    return render(request, "errors/broken.html", status=500)
