"""Draws a template with the project's template settings but without context processors: contexts are complete."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.http import HttpRequest
from django.template.backends.django import DjangoTemplates
from django.test import RequestFactory
from django.urls import resolve
from django.urls.exceptions import Resolver404

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = ROOT / "templates"
NONCE = "gallery"

engine = DjangoTemplates(
    {
        "NAME": "gallery",
        "DIRS": [TEMPLATES],
        "APP_DIRS": False,
        "OPTIONS": {
            "context_processors": ["django.template.context_processors.request"],
            "libraries": {"portal": "pkiportal.templatetags.portal"},
            "string_if_invalid": "",
        },
    }
)


def request_for(address: str) -> HttpRequest:
    request = RequestFactory().get(address)
    try:
        request.resolver_match = resolve(request.path)
    except Resolver404:
        request.resolver_match = None
    return request


def draw(template: str, context: dict[str, Any], address: str = "/") -> str:
    return engine.get_template(template).render({"CSP_NONCE": NONCE} | context, request_for(address))


def every_page() -> dict[str, tuple[str, dict[str, Any], str]]:
    """Name → template, context, address. Needs the gallery's URL names (`override_settings`)."""
    from . import admin_pages, folder_pages, mail_pages, tenant_pages

    return tenant_pages.pages() | admin_pages.pages() | mail_pages.pages() | folder_pages.pages()
