"""Acts that wait for a second administrator."""

import uuid

import django.db.models.deletion
from django.db import migrations, models

from tenants.walls import Walls


class Migration(migrations.Migration):
    dependencies = [
        ("tenants", "0002_starting_over"),
    ]

    operations = [
        migrations.AddField(
            model_name="tenant",
            name="needs_two_people",
            field=models.BooleanField(
                default=False, help_text="weighty acts of an administrator wait for a second one"
            ),
        ),
        migrations.CreateModel(
            name="Approval",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                ("kind", models.CharField(max_length=40)),
                ("summary", models.CharField(help_text="what will happen, in one sentence", max_length=300)),
                ("content", models.TextField(help_text="JSON, exactly the octets that `sha256` is of")),
                ("sha256", models.BinaryField(max_length=32)),
                ("asked_at", models.DateTimeField()),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("open", "Waiting"),
                            ("approved", "Approved and done"),
                            ("refused", "Refused"),
                            ("withdrawn", "Withdrawn"),
                        ],
                        default="open",
                        max_length=16,
                    ),
                ),
                ("decided_at", models.DateTimeField(null=True)),
                (
                    "asked_by",
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
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="tenants.person",
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
                    models.UniqueConstraint(
                        condition=models.Q(("state", "open")),
                        fields=("tenant", "kind", "sha256"),
                        name="approval_asked_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("asked_by", models.F("decided_by")), ("state", "approved"), _negated=True
                        ),
                        name="approval_by_a_second_person",
                    ),
                ],
            },
        ),
        Walls("approval"),
    ]
