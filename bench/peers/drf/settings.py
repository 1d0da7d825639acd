"""Settings for speed: no debugging, connections that stay, only the middleware that answers need."""

import os
from urllib.parse import unquote, urlsplit

_DATABASE = urlsplit(os.environ["PEER_DATABASE_URL"])

DEBUG = False
SECRET_KEY = "it signs nothing here"
ALLOWED_HOSTS = ["127.0.0.1"]
ROOT_URLCONF = "bench.peers.drf.urls"
INSTALLED_APPS = ["bench.peers.drf"]
MIDDLEWARE = ["django.middleware.security.SecurityMiddleware", "django.middleware.common.CommonMiddleware"]
USE_TZ = True
TIME_ZONE = "UTC"
USE_I18N = False
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "HOST": _DATABASE.hostname,
        "PORT": _DATABASE.port,
        "USER": _DATABASE.username,
        "PASSWORD": unquote(_DATABASE.password or ""),
        "NAME": _DATABASE.path.lstrip("/"),
        "CONN_MAX_AGE": None,
        # Its own tables before those that it reads with ours.
        "OPTIONS": {"options": "-c search_path=peer,publisher,billing"},
    }
}

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["bench.peers.drf.authentication.ApiKeys"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "UNAUTHENTICATED_USER": None,
    "UNAUTHENTICATED_TOKEN": None,
}
