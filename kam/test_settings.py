"""What the tests change: a fixed key, fast hashing, mail in memory, plain static files."""

import os

os.environ["ENV_FILE"] = os.devnull  # what somebody has in .env must not change the tests
os.environ.setdefault("SECRET_KEY", "only-for-tests-0123456789-abcdefghijklmnopqrstuvwxyz")
os.environ.setdefault("ALLOWED_HOSTS", "localhost,127.0.0.1,testserver")

# A PostgreSQL server a worker: see docs/decisions.md.
os.environ["PGHOST"] = os.environ.get(
    f"PGHOST_{os.environ.get('PYTEST_XDIST_WORKER', '').upper()}", os.environ.get("PGHOST", "")
)

from kam.settings import *  # noqa: F403  (the key has to be there first)
from kam.settings import DATABASES, STORAGES, VAR_DIR

DEBUG = False
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "alone")
(VAR_DIR / "static").mkdir(parents=True, exist_ok=True)
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
API_CALLS_PER_MINUTE = 0
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
STORAGES = {
    **STORAGES,
    "default": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        # Each worker's own: sweeping files that no row names would take another's.
        "OPTIONS": {"location": str(VAR_DIR / "test" / "files" / WORKER)},
    },
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
STATIC_ROOT = VAR_DIR / "test" / "static"  # nothing is collected: files are found where they are
WHITENOISE_USE_FINDERS = WHITENOISE_AUTOREFRESH = True
STATIC_ROOT.mkdir(parents=True, exist_ok=True)
DATABASES["default"]["CONN_MAX_AGE"] = 0
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    DATABASES["default"]["TEST"] = {"NAME": str(VAR_DIR / "test" / "test.sqlite3")}
    DATABASES["default"]["OPTIONS"]["init_command"] += " PRAGMA synchronous=OFF;"
