"""A browser tab that remembers every complaint, and a person who sits in front of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .looking import SCREENS, View, Views, grave_findings
from .portal import Login

# A violation shows on the console. Pages are driven by real input: `evaluate` would bypass the policy, and
# `wait_for_function` would violate it.
WATCH = """
document.addEventListener("securitypolicyviolation", (event) => {
  console.error("POLICY", event.violatedDirective, event.blockedURI);
});
"""
# Panes scroll by themselves: a picture of everything needs a window as high as the longest of them.
WHOLE_HEIGHT = """() => {
  const panes = [...document.querySelectorAll("main, main section, aside")];
  const ends = panes.map((pane) => Math.ceil(pane.getBoundingClientRect().top + pane.scrollHeight));
  return Math.max(document.documentElement.scrollHeight, ...ends);
}"""
TALLEST = 4000
DESK = View(1280, "light")


class Tab:
    """A page in a browser session of its own. `complaints`: console errors and warnings, exceptions, violations."""

    def __init__(
        self, browser: Any, url: str, views: Views, *, scripts: bool = True, view: View = DESK
    ) -> None:
        self.url, self.views, self.view = url, views, view
        self.scripts, self.clicks = scripts, 0
        self.context = browser.new_context(
            viewport={"width": view.width, "height": view.height},
            color_scheme=view.theme,
            java_script_enabled=scripts,
            reduced_motion="reduce",
            accept_downloads=True,
        )
        self.context.set_default_timeout(20_000)
        self.page = self.context.new_page()
        self.complaints: list[str] = []
        self.wanted = {422}  # answers that are no complaint: a form that has to be changed
        if scripts:
            self.page.add_init_script(WATCH)
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("response", self._answered)

    def _heard(self, message: Any) -> None:
        if message.type not in ("error", "warning"):
            return
        # The browser writes a line about every answer of 400 and above.
        if not any(f"responded with a status of {status} " in message.text for status in self.wanted):
            self.complaints.append(f"{message.text} on {self.page.url}")

    def _answered(self, response: Any) -> None:
        if response.status >= 500:
            self.complaints.append(f"{response.status} at {response.url}")

    def go(self, path: str) -> Any:
        self.page.goto(f"{self.url}{path}")
        return self.page

    def look(self, name: str, *, runs_scripts: bool = True) -> None:
        """Keep pictures of the page as it stands; it is no wider than its window, and axe-core has nothing grave.

        axe-core is a script itself: it cannot look where none runs (JavaScript off, a letter in its sandbox).
        """
        try:
            for view in self.views.drawn():
                self._see(name, view, axe=self.scripts and runs_scripts)
        finally:
            self.page.set_viewport_size({"width": self.view.width, "height": self.view.height})
            self.page.emulate_media(color_scheme=self.view.theme)
        assert self.complaints == [], name

    def _see(self, name: str, view: View, *, axe: bool) -> None:
        self.page.set_viewport_size({"width": view.width, "height": view.height})
        self.page.emulate_media(color_scheme=view.theme)
        whole = self.page.evaluate(WHOLE_HEIGHT)
        self.page.set_viewport_size({"width": view.width, "height": min(max(view.height, whole), TALLEST)})
        SCREENS.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=SCREENS / f"{name}-{view.width}-{view.theme}.png", animations="disabled")
        self.page.set_viewport_size({"width": view.width, "height": view.height})
        wide = self.page.evaluate("document.documentElement.scrollWidth")
        assert wide <= view.width, f"{name} is {wide} px wide in a window of {view.width} px"
        found = grave_findings(self.page) if axe else []
        assert not found, f"{name} at {view.width} px, {view.theme}:\n" + "\n".join(found)

    # -- a person's hands

    def click(self, role: str, name: str, *, within: Any = None, exact: bool = True) -> None:
        """One click, counted."""
        (within or self.page).get_by_role(role, name=name, exact=exact).click()
        self.clicks += 1

    def open_letter(self, subject: str) -> None:
        self.page.get_by_role("link").filter(has_text=subject).first.click()
        self.clicks += 1

    def sign_in(self, person: Login) -> None:
        self.go("/")
        self.page.get_by_label("Address").fill(person.email)
        self.page.get_by_label("Password").fill(person.password)
        self.click("button", "Sign in")

    def unlock(self, person: Login) -> None:
        """With the PIN form that is on the page."""
        self.page.get_by_label("PIN").fill(person.pin)
        self.click("button", "Unlock")

    def write(self, to: str, subject: str, text: str, *files: Path) -> None:
        """Fill the composer that is open."""
        self.page.get_by_label("To", exact=True).fill(to)
        self.page.get_by_label("Subject").fill(subject)
        self.page.get_by_label("Message", exact=True).fill(text)
        if files:
            self.page.locator("[data-files]").set_input_files([str(file) for file in files])

    def download(self, press: Callable[[], None]) -> bytes:
        with self.page.expect_download() as started:
            press()
        return Path(started.value.path()).read_bytes()

    def verdict(self, code: str) -> Any:
        """The mark above the letter with this code, `SIG_…` or `ENC_…`."""
        return self.page.locator(f".verdicts .seal[data-code={code}]")

    def letter_text(self) -> str:
        """What stands in the letter's own frame."""
        return str(self.page.frame_locator("iframe").first.locator("body").inner_text())

    def close(self) -> None:
        self.context.close()


def letter_to_arrive(tab: Tab, subject: str, seconds: float = 30.0) -> None:
    """Look again until a letter with these words is in the list that is open."""
    row = tab.page.get_by_role("link").filter(has_text=subject)
    deadline = time.monotonic() + seconds
    while not row.count():
        assert time.monotonic() < deadline, f"No letter {subject!r} arrived within {seconds} s"
        time.sleep(0.3)
        tab.page.reload()
