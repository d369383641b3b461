"""Addresses of the namespace `api`."""

from __future__ import annotations

from django.urls import path

from tenants.api.authorities import authorities
from tenants.api.enrolment import enrolment

app_name = "api"
urlpatterns = [
    path("authorities/", authorities, name="authorities"),
    path("enrolment/", enrolment, name="enrolment"),
]
