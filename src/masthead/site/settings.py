"""Django's settings, derived from :mod:`masthead.core.environment`. A value that makes no sense stops the start."""

import contextlib
import os
import re
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import environ as django_environ

from masthead.core import environment
from masthead.core.mail_url import Way

PACKAGE = Path(__file__).resolve().parent.parent

try:
    MASTHEAD = environment.read(os.environ, default_data=Path.cwd() / "var")
except environment.BadEnvironment as error:
    sys.exit(f"masthead: {error}")

MASTHEAD.data.mkdir(parents=True, exist_ok=True)


def _secret_key() -> str:
    """The configured key, or one made on first start and kept beside the database it protects."""
    import secrets

    if MASTHEAD.secret_key:
        return MASTHEAD.secret_key
    path = MASTHEAD.data / "secret-key"
    if not path.exists():
        # link() fails where another process was first, so that all of them use one key
        partial = path.with_suffix(f".{os.getpid()}")
        partial.touch(mode=0o600)
        partial.write_text(secrets.token_urlsafe(48))
        with contextlib.suppress(FileExistsError):
            os.link(partial, path)
        partial.unlink()
    return path.read_text().strip()


SECRET_KEY = _secret_key()
SECRET_KEY_FALLBACKS = list(MASTHEAD.previous_secret_keys)
DEBUG = MASTHEAD.debug
# The edge and the reverse proxy vouch for the host; links in mails come from MASTHEAD_BASE_URL, never from the request.
ALLOWED_HOSTS = ["*"]
CSRF_TRUSTED_ORIGINS = [MASTHEAD.base_url]
ROOT_URLCONF = "masthead.site.urls"
WSGI_APPLICATION = "masthead.site.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
SITE_ID = 1

INSTALLED_APPS = [
    "masthead.site",
    "masthead.newsroom",
    "masthead.front",
    "masthead.insights",
    "masthead.demo",
    "masthead.newsletters",
    "masthead.billing",
    "masthead.billing.providers.sandbox",
    "masthead.library",
    "masthead.ads",
    "masthead.articles",
    "masthead.access",
    "masthead.readers",
    "masthead.core",
    "wagtail.contrib.redirects",
    "wagtail.contrib.settings",
    "wagtail.contrib.table_block",
    "wagtail.embeds",
    "wagtail.sites",
    "masthead.newsroom.staff_app.StaffAppConfig",
    "wagtail.snippets",
    "wagtail.documents",
    "wagtail.images",
    "wagtail.search",
    "wagtail.admin",
    "wagtail",
    "modelcluster",
    "taggit",
    "django_tasks",
    "django_tasks_db",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "masthead.front.middleware.Compress",
    "masthead.front.middleware.ClientAddress",
    "masthead.front.middleware.PlainRequest",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "masthead.newsroom.middleware.NewsroomDoor",
    "masthead.front.middleware.VisitorPass",
    "masthead.front.middleware.Redirects",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "wagtail.contrib.settings.context_processors.settings",
            ],
        },
    },
]


def _database() -> dict[str, Any]:
    if MASTHEAD.database_url and not MASTHEAD.database_url.startswith("sqlite"):
        found = django_environ.Env.db_url_config(MASTHEAD.database_url)
        # a server that takes connections and says nothing, or packets that go nowhere, must not hold a request for minutes
        patience = {"connect_timeout": 3, "tcp_user_timeout": 5000, "keepalives_idle": 10, "keepalives_interval": 3}
        options = {**patience, **found.get("OPTIONS", {})}
        engine = {"ENGINE": "masthead.core.postgresql", "CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True}
        return {**found, **engine, "OPTIONS": options}
    name = MASTHEAD.data / "masthead.sqlite3"
    if MASTHEAD.database_url:
        name = django_environ.Env.db_url_config(MASTHEAD.database_url)["NAME"]
    return {
        "ENGINE": "masthead.core.sqlite3",  # has a write-ahead log
        "NAME": name,
        "CONN_MAX_AGE": None,
        "OPTIONS": {
            # IMMEDIATE: a transaction that will write takes the lock at its beginning, which is our meter's row lock here
            "transaction_mode": "IMMEDIATE",
            "timeout": 30,
            "init_command": "PRAGMA synchronous=NORMAL; PRAGMA cache_size=-4000;",
        },
    }


DATABASES = {"default": _database()}

CACHES: dict[str, Any] = {
    "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": MASTHEAD.cache_url}
    if MASTHEAD.cache_url
    # never LocMem: allauth's limits have to be shared by all workers
    else {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "cache"},
}

TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend"}}

AUTH_USER_MODEL = "readers.Reader"
AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ["email"]},
    },
]
SESSION_ENGINE = "django.contrib.sessions.backends.db"
SESSION_COOKIE_NAME = "masthead_session"
SESSION_COOKIE_AGE = 180 * 24 * 3600
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = MASTHEAD.secure
CSRF_COOKIE_NAME = "masthead_csrf"
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "masthead.front.views.errors.csrf_failure"
SECURE_PROXY_SSL_HEADER = None
SECURE_HSTS_SECONDS = 31536000 if MASTHEAD.secure else 0
SECURE_REFERRER_POLICY = "strict-origin-when-cross-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "SAMEORIGIN"  # Wagtail's preview panel

LOGIN_URL = "/login/"
LOGIN_REDIRECT_URL = "/account/"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_ADAPTER = "masthead.newsroom.adapters.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_AUTHENTICATED_LOGIN_REDIRECTS = False  # a reader's session still has to log in to the newsroom
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_SESSION_COOKIE_AGE = 14 * 24 * 3600
ACCOUNT_FORMS = {"login": "masthead.newsroom.forms.LoginForm"}
MFA_ADAPTER = "masthead.newsroom.adapters.MFAAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_PASSKEY_SIGNUP_ENABLED = False
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not MASTHEAD.secure
MFA_TOTP_ISSUER = "Masthead"

LANGUAGE_CODE = "en-gb"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = True

STATIC_URL = "/static/"
STATIC_ROOT = MASTHEAD.data / "static"
MEDIA_URL = "/media/"
MEDIA_ROOT = MASTHEAD.data / "media"
STORAGES: dict[str, Any] = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "masthead.site.static_files.Storage"},
}
WHITENOISE_KEEP_ONLY_HASHED_FILES = True
if MASTHEAD.media_url:
    _bucket, _, _prefix = MASTHEAD.media_url.removeprefix("s3://").partition("/")
    STORAGES["default"] = {
        "BACKEND": "storages.backends.s3.S3Storage",
        "OPTIONS": {"bucket_name": _bucket, "location": _prefix, "querystring_auth": False},
    }

EMAIL_BACKEND = "masthead.core.maildir.EmailBackend"
EMAIL_TIMEOUT = 30
ANYMAIL: dict[str, object] = {}
if MASTHEAD.email.way is Way.SMTP:
    EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    EMAIL_HOST, EMAIL_PORT = MASTHEAD.email.host, MASTHEAD.email.port
    EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = MASTHEAD.email.user, MASTHEAD.email.password
    EMAIL_USE_TLS, EMAIL_USE_SSL = MASTHEAD.email.tls == "starttls", MASTHEAD.email.tls == "implicit"
elif MASTHEAD.email.way is Way.API:
    EMAIL_BACKEND = MASTHEAD.email.backend
    # (connect, answer): an answer that does not come leaves a mail in doubt
    ANYMAIL = {"REQUESTS_TIMEOUT": (10, 60), **MASTHEAD.email.options}
_host = urlsplit(MASTHEAD.base_url).hostname or ""
# a bare number is no domain, and mail servers refuse it (RFC 5321, 4.1.2)
DEFAULT_FROM_EMAIL = f"letters@{'localhost' if re.fullmatch(r'[0-9.]+|.*:.*', _host) else _host}"
SERVER_EMAIL = DEFAULT_FROM_EMAIL
# where a mail server sends back what it cannot deliver; to a provider's API it means nothing: it has bounces of its own
ENVELOPE_SENDER = DEFAULT_FROM_EMAIL
if MASTHEAD.bounce_address and MASTHEAD.email_url and MASTHEAD.email_url.startswith("smtp"):
    ENVELOPE_SENDER = MASTHEAD.bounce_address

WAGTAIL_SITE_NAME = "Masthead"
WAGTAILADMIN_BASE_URL = MASTHEAD.base_url
WAGTAIL_PRIVATE_PAGE_OPTIONS = {"SHARED_PASSWORD": False}
WAGTAILIMAGES_EXTENSIONS = ["gif", "jpg", "jpeg", "png", "webp", "avif", "svg"]
WAGTAIL_AUTO_UPDATE_PREVIEW = True
WAGTAIL_ENABLE_UPDATE_CHECK = False
WAGTAIL_GRAVATAR_PROVIDER_URL = None  # the newsroom tells nobody outside who works here
WAGTAIL_I18N_ENABLED = False
WAGTAIL_CONTENT_LANGUAGES = LANGUAGES = [("en-gb", "English")]
WAGTAIL_ENABLE_WHATS_NEW_BANNER = False
WAGTAILADMIN_LOGIN_URL = "/newsroom/login/"
# addresses and passwords are changed where a second factor guards them, not on Wagtail's account page
WAGTAIL_PASSWORD_RESET_ENABLED = WAGTAIL_PASSWORD_MANAGEMENT_ENABLED = WAGTAIL_EMAIL_MANAGEMENT_ENABLED = False
WAGTAILUSERS_PASSWORD_ENABLED = False  # staff set their own, by the mailed link
WAGTAILADMIN_RECENT_EDITS_LIMIT = 8
WAGTAILADMIN_UNSAFE_PAGE_DELETION_LIMIT = 1
WAGTAIL_PASSWORD_REQUIRED_TEMPLATE = "errors/not_found.html"  # noqa: S105 - page privacy is off; nothing asks for one
WAGTAILEMBEDS_RESPONSIVE_HTML = True
WAGTAILSEARCH_BACKENDS = {"default": {"BACKEND": "wagtail.search.backends.database"}}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "filters": {
        "outages": {"()": "masthead.site.outages.OnceAMinute"},
        "secrets": {"()": "masthead.site.secret_addresses.HideTokens"},
    },
    "handlers": {
        "stderr": {"class": "logging.StreamHandler", "formatter": "plain", "filters": ["outages", "secrets"]},
        "nowhere": {"class": "logging.NullHandler"},
    },
    "root": {"handlers": ["stderr"], "level": "WARNING"},
    # anybody can claim any host, and would fill the log with tracebacks
    "loggers": {"django.security.DisallowedHost": {"handlers": ["nowhere"], "propagate": False}},
}
