"""Every address of the portal, one line each."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path

from pkiportal import views
from pkiportal.health import healthz
from tenants.access import public

portal: list[URLPattern | URLResolver] = [
    path("", views.home, name="home"),
    path("sign-in/", views.sign_in, name="sign_in"),
    path("sign-out/", views.sign_out, name="sign_out"),
    path("healthz", public(healthz), name="health"),
]

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include((portal, "portal"))),
    path("", include("tenants.web.urls")),
    path("", include("mail.web.urls")),
    path("api/", include("tenants.api.urls")),
]

handler400 = "pkiportal.views.bad_request"
handler403 = "pkiportal.views.forbidden"
handler404 = "pkiportal.views.not_found"
handler500 = "pkiportal.views.server_error"
