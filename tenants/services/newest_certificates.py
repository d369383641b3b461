"""The certificate that counts of each person and template: the newest valid one whose key is kept here."""

from __future__ import annotations

from datetime import datetime

from tenants.models import Certificate


def newest_of(code: str, at: datetime) -> list[Certificate]:
    """One of each active person who has one, by person. Inside a scope; without the certificate itself, which a forest of
    many people need not load to be counted.
    """
    rows = (
        Certificate.objects.issued_here()
        .with_key()
        .current(at)
        .filter(template__code=code, person__is_active=True)
        .order_by("person_id", "-not_before", "-added_at")
        .select_related("template")
        .defer("der")
    )
    newest: dict[object, Certificate] = {}
    for row in rows:
        newest.setdefault(row.person_id, row)
    return list(newest.values())
