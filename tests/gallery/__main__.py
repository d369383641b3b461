"""Writes the gallery to a folder: `python -m tests.gallery OUT`."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path


def write(folder: Path) -> int:
    from django.test import override_settings
    from django.urls import reverse

    from .mail_pages import MESSAGE
    from .render import ROOT, draw, every_page

    static = folder / "static"
    shutil.copytree(ROOT / "static", static, dirs_exist_ok=True)
    with override_settings(ROOT_URLCONF="tests.gallery.urls", STATIC_URL="/static/"):
        pages = every_page()
        for name, (template, context, address) in pages.items():
            (folder / f"{name}.html").write_text(draw(template, context, address))
        letter = folder / reverse("mail:body", args=[MESSAGE.pk]).strip("/")
        letter.mkdir(parents=True, exist_ok=True)
        (letter / "index.html").write_text(draw(*pages["mail-body"]))
    links = "".join(f'<li><a href="{name}.html">{name}</a></li>' for name in pages)
    (folder / "index.html").write_text(f"<!doctype html><title>Gallery</title><ul>{links}</ul>")
    return len(pages)


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pkiportal.settings")
    import django

    django.setup()
    print(write(Path(sys.argv[1])), "pages")
