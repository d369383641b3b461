"""Documents published outside the portal; roots believed for a purpose and a time."""

import uuid

import django.db.models.deletion
from django.db import migrations, models

from tenants.walls import Walls


class Migration(migrations.Migration):
    dependencies = [
        ("tenants", "0007_revocation"),
    ]

    operations = [
        migrations.AddField(
            model_name="foreigncrl",
            name="sha256",
            field=models.BinaryField(default=b"", max_length=32),
        ),
        migrations.AddField(
            model_name="trustroot",
            name="begins_at",
            field=models.DateTimeField(help_text="not believed about anything before", null=True),
        ),
        migrations.AddField(
            model_name="trustroot",
            name="ends_at",
            field=models.DateTimeField(help_text="not believed about anything after", null=True),
        ),
        migrations.AddField(
            model_name="trustroot",
            name="for_encryption",
            field=models.BooleanField(default=True, help_text="believed about whom to encrypt to"),
        ),
        migrations.AddField(
            model_name="trustroot",
            name="for_signing",
            field=models.BooleanField(default=True, help_text="believed about who signed"),
        ),
        migrations.CreateModel(
            name="OutsideDocument",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[("issuer", "An issuer's certificate"), ("list", "A revocation list")],
                        max_length=8,
                    ),
                ),
                ("address", models.CharField(max_length=2000)),
                (
                    "key",
                    models.BinaryField(help_text="SHA-256 of kind, address and what must fit", max_length=32),
                ),
                (
                    "certificate",
                    models.BinaryField(help_text="DER of the certificate that names the address"),
                ),
                (
                    "issuer",
                    models.BinaryField(
                        help_text="of a list: DER of the certificate whose key must verify it", null=True
                    ),
                ),
                (
                    "is_pinned",
                    models.BooleanField(
                        default=False, help_text="wanted under a root that the forest believes"
                    ),
                ),
                ("wanted_at", models.DateTimeField(help_text="when a judgement last asked for it")),
                ("asked_at", models.DateTimeField(null=True)),
                ("next_at", models.DateTimeField(help_text="not asked again before")),
                ("answered_at", models.DateTimeField(help_text="when it was last there and fit", null=True)),
                (
                    "changed_at",
                    models.DateTimeField(help_text="when it last brought something new", null=True),
                ),
                (
                    "failures",
                    models.PositiveIntegerField(default=0, help_text="in a row; 0: the last answer was good"),
                ),
                (
                    "refusal",
                    models.CharField(blank=True, help_text="the code of the last failure", max_length=40),
                ),
                ("refusal_text", models.CharField(blank=True, max_length=400)),
                ("content", models.BinaryField(help_text="of an issuer: what is published there", null=True)),
                (
                    "list_sha256",
                    models.BinaryField(
                        help_text="of a list: the last one that was kept", max_length=32, null=True
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
                "indexes": [models.Index(fields=["tenant", "wanted_at"], name="outside_document_wanted")],
                "constraints": [
                    models.UniqueConstraint(fields=("tenant", "key"), name="outside_document_key")
                ],
            },
        ),
        Walls("outsidedocument"),
    ]
