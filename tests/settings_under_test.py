"""Masthead's settings as tests use them: a data directory of their own, fast hashing, a database *file*.

Why a module and not lines in conftest.py: pytest-django loads settings before any conftest is read, and the environment has to
be right before that. Which database and cache are under test comes from ``MASTHEAD_DATABASE_URL`` and ``MASTHEAD_CACHE_URL``.
"""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

# Hermetic: what the developer's shell says about their own publication must not change what tests see.
for _name in [name for name in os.environ if name.startswith("MASTHEAD_")]:
    if _name not in {"MASTHEAD_DATABASE_URL", "MASTHEAD_CACHE_URL"}:
        del os.environ[_name]

DATA = Path(tempfile.mkdtemp(prefix="masthead-tests-"))
atexit.register(shutil.rmtree, DATA, ignore_errors=True)
os.environ["MASTHEAD_DATA"] = str(DATA)

from masthead.site.settings import *  # noqa: E402, F403
from masthead.site.settings import CACHES, DATABASES, MASTHEAD, STORAGES  # noqa: E402

# One number for a whole run, so that two runs on one machine share no database and no cache keys.
_run = os.getppid() if os.environ.get("PYTEST_XDIST_WORKER") else os.getpid()

if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # A file, not memory: tests with threads and processes then meet the locks that production meets.
    DATABASES["default"]["TEST"] = {"NAME": str(DATA / "test.sqlite3")}
    # nothing here has to survive a power cut
    DATABASES["default"]["OPTIONS"]["init_command"] += " PRAGMA synchronous=OFF;"
else:
    DATABASES["default"]["TEST"] = {"NAME": f"test_masthead_{_run}"}
    DATABASES["default"]["CONN_MAX_AGE"] = 0  # a connection kept by a finished thread would block dropping the database

if MASTHEAD.cache_url:
    CACHES["default"]["KEY_PREFIX"] = f"test-{_run}-{os.environ.get('PYTEST_XDIST_WORKER', '')}"

STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
WHITENOISE_AUTOREFRESH = True  # no scan of a static root that is never filled
