"""The WSGI application, as web processes serve it."""

import os

from django.core.wsgi import get_wsgi_application

from masthead.core.plain_requests import utf8_only

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "masthead.site.settings")

application = utf8_only(get_wsgi_application())
