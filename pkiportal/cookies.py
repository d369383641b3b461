"""Names of cookies. Browsers keep cookies by host, not by port: two services on one host need names of their own."""

from __future__ import annotations


def cookie_names(port: int | None) -> dict[str, str]:
    """The settings that name a cookie. `port`: that of an embedded service; None for one behind a proxy of its own."""
    end = "" if port is None else f"_{port}"
    return {
        "SESSION_COOKIE_NAME": f"sessionid{end}",
        "CSRF_COOKIE_NAME": f"csrftoken{end}",
        "UNLOCK_COOKIE_NAME": f"unlocked_key{end}",
    }
