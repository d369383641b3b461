"""`python -m tests.engine.portal KIND...`: the embedded service with the tests' kinds, one row of each given kind due."""

from __future__ import annotations

import os
import sys
import uuid


def main(kind_names: list[str]) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pkiportal.settings")
    import django

    django.setup()
    from django.core.management import call_command

    from tenants.due_work import schedule
    from tests.engine import kinds  # noqa: F401  registers them

    call_command("migrate", verbosity=0)
    for name in kind_names:
        schedule(name, uuid.uuid4(), uuid.uuid4())
    call_command("serve")


if __name__ == "__main__":
    main(sys.argv[1:])
