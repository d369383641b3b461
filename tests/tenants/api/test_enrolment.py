"""GET /api/enrolment/: the caller's own, with step, reason and owner of what stands still."""

from __future__ import annotations

from django.test import Client

from tests.browsing import browser
from tests.cast import PIN, Cast, work
from tests.tenants.web.test_enrol import set_issuing

PATH = "/api/enrolment/"


def test_what_waits_names_step_reason_and_owner(cast: Cast) -> None:
    newt = cast.contoso.add("Newt Newman", ready=False)
    client = browser(newt)
    assert client.get(PATH).json() == {"state": "form", "failure": None, "next_try": None, "enrolments": []}
    set_issuing(cast, is_issuing=False)
    client.post("/enrol/", {"pin": PIN, "pin_again": PIN})
    work()
    answer = client.get(PATH).json()
    assert (answer["state"], answer["failure"]["step"]) == ("waiting", "authority")
    assert answer["failure"]["owner"] == "administrator"
    assert answer["next_try"] is not None
    assert {wish["template"] for wish in answer["enrolments"]} == {"signing", "encryption"}
    set_issuing(cast, is_issuing=True)
    client.post("/enrol/", {"again": "1"})
    work()
    answer = client.get(PATH).json()
    assert (answer["state"], answer["failure"]) == ("done", None)
    assert {wish["state"] for wish in answer["enrolments"]} == {"issued"}


def test_everybody_reads_their_own_and_nobody_without_signing_in(cast: Cast) -> None:
    assert len(browser(cast.alice).get(PATH).json()["enrolments"]) == 2
    assert browser(cast.olga).get(PATH).json()["enrolments"] == []
    assert Client().get(PATH).status_code == 403
