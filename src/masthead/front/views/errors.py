"""Answers to what went wrong: a clear sentence and the right status, never a stack trace."""

import sys

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from masthead.front import headers

UNAVAILABLE = "We cannot show this page just now. Please try again in a moment.\n"


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form came from elsewhere, or from a page left open too long."""
    return render(request, "errors/cross_origin.html", status=403)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    response = render(request, "errors/not_found.html", status=404)
    # RFC 9110, 15.1: without a word a shared cache may keep it, and what is published next would stay away for minutes
    response["Cache-Control"] = headers.PRIVATE
    return response


def broken(request: HttpRequest) -> HttpResponse:
    """500; or 503 where only the database is away, which the next try may find back."""
    if isinstance(sys.exc_info()[1], OperationalError | InterfaceError):
        response = HttpResponse(UNAVAILABLE, status=503, content_type="text/plain; charset=utf-8")
        response["Retry-After"] = "15"
        response["Cache-Control"] = "no-store"
        return response
    return render(request, "errors/broken.html", status=500)
