"""The portal: settings, URLs, health, the embedded runner. It plugs mail and tenants into one service."""

from pkiportal.celery import app as celery_app

__all__ = ["celery_app"]
