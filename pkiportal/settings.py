"""All settings, each read from the environment once, here. `docs/settings.md` explains every variable."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import dj_database_url
from csp.constants import NONCE, NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from pkiportal import environment
from pkiportal.cookies import cookie_names

BASE_DIR = Path(__file__).resolve().parent.parent
PKIPORTAL_HOME = Path(environment.text("PKIPORTAL_HOME", str(BASE_DIR / "var"))).resolve()

# Which process this is. The embedded service is every role at once and holds both master keys;
# a web process refuses to run with the authorities' key in its environment (design: keys and who can open them).
PKIPORTAL_ROLE = environment.text("PKIPORTAL_ROLE", "embedded")
if PKIPORTAL_ROLE not in {"embedded", "web", "authority", "mail", "fetch", "beat", "migrate"}:
    raise ImproperlyConfigured(
        f"PKIPORTAL_ROLE is {PKIPORTAL_ROLE!r}; it must name a process of this service."
    )
EMBEDDED = PKIPORTAL_ROLE == "embedded"
if EMBEDDED:
    # Database, letters, root keys and logins under PKIPORTAL_HOME are for their owner's eyes only.
    os.umask(0o077)

SECRET_KEY = environment.secret("SECRET_KEY", PKIPORTAL_HOME, may_create=EMBEDDED)
PEOPLE_MASTER_KEY: bytes | None = None
if PKIPORTAL_ROLE in {"embedded", "web", "authority"}:
    PEOPLE_MASTER_KEY = environment.master_key("PEOPLE_MASTER_KEY", PKIPORTAL_HOME, may_create=EMBEDDED)
AUTHORITY_MASTER_KEY: bytes | None = None
if PKIPORTAL_ROLE in {"embedded", "authority"}:
    AUTHORITY_MASTER_KEY = environment.master_key("AUTHORITY_MASTER_KEY", PKIPORTAL_HOME, may_create=EMBEDDED)
elif environment.text("AUTHORITY_MASTER_KEY"):
    raise ImproperlyConfigured(
        f"AUTHORITY_MASTER_KEY is set for a {PKIPORTAL_ROLE} process. Only authority workers may hold it: unset it."
    )

DEBUG = environment.flag("DEBUG")
ALLOWED_HOSTS = environment.names("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]")
CSRF_TRUSTED_ORIGINS = environment.names("CSRF_TRUSTED_ORIGINS")
# Fixed into certificates when they are issued; must stay reachable by relying parties.
PUBLISH_BASE_URL = environment.text(
    "PUBLISH_BASE_URL", f"http://localhost:{environment.number('PORT', 8000)}"
).rstrip("/")
# Where a proxy finds what is published there; empty: lists come from the database alone.
PUBLISH_FOLDER = environment.text("PUBLISH_FOLDER")
ALLOWED_HOSTS.append(urlsplit(PUBLISH_BASE_URL).hostname or "localhost")

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "csp",
    "rest_framework",
    "tenants",
    "mail",
    "pkiportal",
]
MIDDLEWARE = [
    "tenants.web.published.BareDocuments",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "pkiportal.urls"
WSGI_APPLICATION = "pkiportal.wsgi.application"
TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.messages.context_processors.messages",
                "csp.context_processors.nonce",
                "pkiportal.shell.shell",
            ]
        },
    }
]

DATABASE_URL = environment.text("DATABASE_URL", f"sqlite:///{PKIPORTAL_HOME / 'pkiportal.sqlite3'}")
# The role that the application connects as on PostgreSQL: neither owner nor superuser, so that row-level security
# binds it.
DATABASE_APP_ROLE = environment.text("DATABASE_APP_ROLE", "pkiportal_app")
DATABASES: dict[str, Any] = {"default": dj_database_url.parse(DATABASE_URL, conn_max_age=60)}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;",
    }
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "tenants.Account"
ARGON2_MEMORY_KIB = environment.number("ARGON2_MEMORY_KIB", 64 * 1024)
ARGON2_PASSES = environment.number("ARGON2_PASSES", 3)
ARGON2_LANES = environment.number("ARGON2_LANES", 4)
PASSWORD_HASHERS = ["tenants.keystore.argon2.PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "portal:sign_in"
LOGIN_REDIRECT_URL = "mail:inbox"
LOGOUT_REDIRECT_URL = "portal:sign_in"
SESSION_COOKIE_AGE = 12 * 3600
SESSION_COOKIE_SAMESITE = "Lax"
# `serve --port` names them anew.
_COOKIES = cookie_names(environment.number("PORT", 8000) if EMBEDDED else None)
SESSION_COOKIE_NAME = _COOKIES["SESSION_COOKIE_NAME"]
CSRF_COOKIE_NAME = _COOKIES["CSRF_COOKIE_NAME"]
UNLOCK_COOKIE_NAME = _COOKIES["UNLOCK_COOKIE_NAME"]
HTTPS = environment.flag("HTTPS", default=not EMBEDDED)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "pkiportal.views.csrf_failure"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [NONCE, "'strict-dynamic'"],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "frame-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "require-trusted-types-for": ["'script'"],
    }
}

# How long a key stays unlocked, and what a wrong PIN costs.
UNLOCK_SECONDS = 15 * 60
PIN_TRIES = 5
PIN_PAUSE_SECONDS = 15 * 60
MESSAGE_LIMIT = 50 * 1024 * 1024
DATA_UPLOAD_MAX_MEMORY_SIZE = MESSAGE_LIMIT
FILE_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
FILE_UPLOAD_HANDLERS = [
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]

# CRLs: reissued on every revocation and at least every six hours, each good for seven days (the worst outage it covers).
CRL_PERIOD_SECONDS = 6 * 3600
CRL_LIFETIME_SECONDS = 7 * 86400
ROOT_CRL_LIFETIME_SECONDS = 90 * 86400

REDIS_URL = environment.text("REDIS_URL")
# Only counters live here (password guesses): nothing is lost with it. Without Redis there is one web process.
CACHES: dict[str, Any] = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        # A broker that is away must cost a sign-in two seconds, not forever.
        "OPTIONS": {"socket_connect_timeout": 2, "socket_timeout": 2},
    }
    if REDIS_URL
    else {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        # The default of 300 entries would let a flood of invented addresses push real counters out.
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    }
}
SWEEP_SECONDS = environment.number("SWEEP_SECONDS", 30)
LEASE_SECONDS = 120

# Where the fetch worker may ask although it is no public place (tenants/fetching).
FETCH_NETWORKS = environment.networks("FETCH_NETWORKS")
FETCH_PORTS = environment.ports("FETCH_PORTS")

EMAIL_BACKEND = environment.text(
    "EMAIL_BACKEND",
    "django.core.mail.backends.filebased.EmailBackend"
    if EMBEDDED
    else "django.core.mail.backends.smtp.EmailBackend",
)
EMAIL_FILE_PATH = PKIPORTAL_HOME / "outbox"
EMAIL_HOST = environment.text("EMAIL_HOST", "localhost")
EMAIL_PORT = environment.number("EMAIL_PORT", 25)
EMAIL_HOST_USER = environment.text("EMAIL_HOST_USER")
EMAIL_HOST_PASSWORD = environment.text("EMAIL_HOST_PASSWORD")
EMAIL_USE_TLS = environment.flag("EMAIL_USE_TLS")
EMAIL_TIMEOUT = 30

STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
# The embedded service reads files where they lie; others serve what `collectstatic` gathered.
STATIC_ROOT = None if EMBEDDED else BASE_DIR / "staticfiles"
WHITENOISE_USE_FINDERS = EMBEDDED
WHITENOISE_AUTOREFRESH = DEBUG

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("de", "Deutsch")]
USE_TZ = True
TIME_ZONE = "UTC"

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework.authentication.SessionAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "UNAUTHENTICATED_USER": None,
    "EXCEPTION_HANDLER": "tenants.api.access.describe_error",
}

# Celery tells of every message at INFO; what becomes of due work is told by tenants.due_work.
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "filters": {"without_content": {"()": "pkiportal.logs.WithoutContent"}},
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": "line",
            "filters": ["without_content"],
        }
    },
    "root": {"handlers": ["console"], "level": environment.text("LOG_LEVEL", "INFO")},
    "loggers": {"celery": {"level": "WARNING"}, "kombu": {"level": "ERROR"}},
}
