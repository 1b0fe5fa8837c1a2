"""WSGI entry point."""

import gc
import os

from django.core.wsgi import get_wsgi_application
from django.urls import resolve

MADE_BETWEEN = 5_000
"""Objects made between two looks for garbage: a page makes thousands that go with it, and Python's
usual 700 look through them again and again (a tenth of the time of a page)."""

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kam.settings")

application = get_wsgi_application()

resolve("/")  # reads all addresses, and with them the pages' code
gc.freeze()  # what is there by now stays
gc.set_threshold(MADE_BETWEEN)
