"""Holds and their releases, orders to revoke everything, several lists for one generation."""

import uuid

import django.db.models.deletion
from django.db import migrations, models

from tenants.walls import Walls


class Migration(migrations.Migration):
    dependencies = [
        ("tenants", "0006_algorithm_policy"),
    ]

    operations = [
        migrations.CreateModel(
            name="Hold",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                ("serial_number", models.CharField(max_length=40)),
                ("held_at", models.DateTimeField()),
                ("entry_der", models.BinaryField()),
            ],
            options={
                "base_manager_name": "objects",
            },
        ),
        migrations.CreateModel(
            name="HoldRelease",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                ("released_at", models.DateTimeField()),
            ],
            options={
                "base_manager_name": "objects",
            },
        ),
        migrations.CreateModel(
            name="MassRevocation",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                ("reason", models.CharField(max_length=32)),
                ("ordered_at", models.DateTimeField()),
                ("done_at", models.DateTimeField(null=True)),
                ("revoked", models.PositiveIntegerField(default=0)),
            ],
            options={
                "base_manager_name": "objects",
            },
        ),
        migrations.RemoveConstraint(
            model_name="foreigncrl",
            name="foreign_crl_issuer",
        ),
        migrations.AddField(
            model_name="certificate",
            name="shard",
            field=models.PositiveSmallIntegerField(
                default=0,
                help_text="which of its generation's lists names it; fixed in its distribution point",
            ),
        ),
        migrations.AddField(
            model_name="crlpublication",
            name="shard",
            field=models.PositiveSmallIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="foreigncrl",
            name="scope_sha256",
            field=models.BinaryField(
                default=b"",
                help_text="of its issuing distribution point (RFC 5280 §5.2.5); empty: it has none",
                max_length=32,
            ),
        ),
        migrations.AddField(
            model_name="generation",
            name="shard_count",
            field=models.PositiveSmallIntegerField(
                default=1, help_text="lists that share the certificates among them; may only grow"
            ),
        ),
        migrations.AlterField(
            model_name="crlpublication",
            name="number",
            field=models.PositiveBigIntegerField(help_text="rises through all shards of the generation"),
        ),
        migrations.AddIndex(
            model_name="crlpublication",
            index=models.Index(fields=["tenant", "generation", "shard", "-number"], name="crl_newest"),
        ),
        migrations.AddConstraint(
            model_name="foreigncrl",
            constraint=models.UniqueConstraint(
                fields=("tenant", "issuer_spki_sha256", "scope_sha256"), name="foreign_crl_scope"
            ),
        ),
        migrations.AddField(
            model_name="hold",
            name="certificate",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="holds", to="tenants.certificate"
            ),
        ),
        migrations.AddField(
            model_name="hold",
            name="generation",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="holds", to="tenants.generation"
            ),
        ),
        migrations.AddField(
            model_name="hold",
            name="held_by",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="tenants.person"
            ),
        ),
        migrations.AddField(
            model_name="hold",
            name="tenant",
            field=models.ForeignKey(
                editable=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="tenants.tenant",
            ),
        ),
        migrations.AddField(
            model_name="holdrelease",
            name="hold",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.PROTECT, related_name="release", to="tenants.hold"
            ),
        ),
        migrations.AddField(
            model_name="holdrelease",
            name="released_by",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="tenants.person"
            ),
        ),
        migrations.AddField(
            model_name="holdrelease",
            name="tenant",
            field=models.ForeignKey(
                editable=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="tenants.tenant",
            ),
        ),
        migrations.AddField(
            model_name="massrevocation",
            name="generation",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="tenants.generation"
            ),
        ),
        migrations.AddField(
            model_name="massrevocation",
            name="ordered_by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="tenants.person"
            ),
        ),
        migrations.AddField(
            model_name="massrevocation",
            name="tenant",
            field=models.ForeignKey(
                editable=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="tenants.tenant",
            ),
        ),
        Walls("hold"),
        Walls("holdrelease"),
        Walls("massrevocation"),
    ]
