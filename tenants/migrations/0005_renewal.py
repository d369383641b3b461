"""Enrolments say why, for which key and what they follow; certificates can be found by their key."""

from __future__ import annotations

import hashlib
from typing import Any

import django.db.models.deletion
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from tenants.scoping import TENANT_VARIABLE
from tenants.walls import ReferenceWall


def fill_spki(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Forest by forest, because row-level security holds the owner of the tables too."""
    certificate: Any = apps.get_model("tenants", "Certificate")
    tenant: Any = apps.get_model("tenants", "Tenant")
    for tenant_id in tenant.objects.values_list("id", flat=True):
        if schema_editor.connection.vendor == "postgresql":
            schema_editor.execute("SELECT set_config(%s, %s, true)", [TENANT_VARIABLE, str(tenant_id)])
        rows = certificate._base_manager.filter(tenant_id=tenant_id, spki_sha256__isnull=True)
        for row in rows.only("id", "der").iterator(500):
            key = x509.load_der_x509_certificate(bytes(row.der)).public_key()
            spki = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
            certificate._base_manager.filter(id=row.id).update(spki_sha256=hashlib.sha256(spki).digest())


class Migration(migrations.Migration):
    dependencies = [
        ("tenants", "0004_templates"),
    ]

    operations = [
        migrations.AddField(
            model_name="certificate",
            name="spki_sha256",
            field=models.BinaryField(max_length=32, null=True),
        ),
        migrations.RunPython(fill_spki, migrations.RunPython.noop),
        migrations.AlterField(
            model_name="certificate",
            name="spki_sha256",
            field=models.BinaryField(help_text="the key: SHA-256 of its SubjectPublicKeyInfo", max_length=32),
        ),
        migrations.AddIndex(
            model_name="certificate",
            index=models.Index(fields=["tenant", "spki_sha256"], name="certificate_key"),
        ),
        migrations.AddField(
            model_name="enrolment",
            name="replaces",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="successors",
                to="tenants.certificate",
            ),
        ),
        migrations.AddField(
            model_name="enrolment",
            name="revokes_with",
            field=models.CharField(blank=True, default="", max_length=32),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="enrolment",
            name="public_key",
            field=models.BinaryField(help_text="SubjectPublicKeyInfo, DER", null=True),
        ),
        migrations.AddField(
            model_name="enrolment",
            name="mailbox",
            field=models.CharField(
                blank=True, default="", help_text="empty: the person's own address", max_length=254
            ),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="enrolment",
            name="step",
            field=models.CharField(
                blank=True,
                choices=[
                    ("person", "Is the person entitled?"),
                    ("template", "Is a template open to the person?"),
                    ("authority", "Is an authority there that can issue?"),
                    ("key", "Is the key fit and proven?"),
                    ("issue", "Does the certificate obey template, authority and standards?"),
                ],
                default="",
                max_length=16,
            ),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="enrolment",
            name="refusal_code",
            field=models.CharField(blank=True, default="", max_length=40),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="enrolment",
            name="remedy",
            field=models.TextField(blank=True, default=""),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="enrolment",
            name="owner",
            field=models.CharField(blank=True, default="", help_text="who can change it", max_length=16),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="enrolment",
            name="next_try_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AlterField(
            model_name="enrolment",
            name="refusal",
            field=models.TextField(blank=True, help_text="the reason, for the person"),
        ),
        ReferenceWall("enrolment", "replaces"),
    ]
