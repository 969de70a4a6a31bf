"""The WSGI application, as web processes serve it."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "masthead.site.settings")

application = get_wsgi_application()
