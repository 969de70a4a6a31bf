"""Uploaded pictures, where no other server or bucket serves them. They are looked at, never run."""

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponseBase
from django.views.decorators.http import require_safe
from django.views.static import serve

from masthead.front import headers


@require_safe
def media(request: HttpRequest, path: str) -> HttpResponseBase:
    """A file under the data directory's ``media/``. Its name changes when its content does."""
    try:
        response = serve(request, path, document_root=settings.MEDIA_ROOT)
    except (OSError, ValueError) as error:  # a name no file can have
        raise Http404("No file is called that.") from error
    response["Cache-Control"] = "public, max-age=31536000, immutable"
    response["Content-Security-Policy"] = headers.UPLOADED
    response["X-Content-Type-Options"] = "nosniff"
    return response
