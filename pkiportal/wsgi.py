"""The WSGI entry point of web processes: `waitress-serve pkiportal.wsgi:application`."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pkiportal.settings")

application = get_wsgi_application()
