"""The versions of a forest's algorithm policy."""

import uuid

import django.db.models.deletion
from django.db import migrations, models

from tenants.walls import Walls


class Migration(migrations.Migration):
    dependencies = [
        ("tenants", "0005_renewal"),
    ]

    operations = [
        migrations.CreateModel(
            name="AlgorithmPolicy",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                ("version", models.PositiveIntegerField()),
                ("key_types", models.JSONField()),
                ("in_force_at", models.DateTimeField()),
                ("decided_at", models.DateTimeField()),
                (
                    "approved_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="tenants.person",
                    ),
                ),
                (
                    "decided_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="tenants.person"
                    ),
                ),
                (
                    "tenant",
                    models.ForeignKey(
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="tenants.tenant",
                    ),
                ),
            ],
            options={
                "base_manager_name": "objects",
                "constraints": [
                    models.UniqueConstraint(fields=("tenant", "version"), name="algorithm_policy_version")
                ],
            },
        ),
        Walls("algorithmpolicy"),
    ]
