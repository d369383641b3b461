"""A person may start over with another custody pair; the retired ones are kept. Walls of both tables stay as they are."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("tenants", "0001_initial"),
    ]

    operations = [
        migrations.AddField(
            model_name="custodykey",
            name="retired_at",
            field=models.DateTimeField(help_text="replaced, because its PIN was forgotten", null=True),
        ),
        migrations.AddField(
            model_name="mailkey",
            name="retired_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="person",
            name="enrolment_allowed_at",
            field=models.DateTimeField(
                help_text="when an administrator let the person enrol again after a revocation", null=True
            ),
        ),
        migrations.AlterField(
            model_name="custodykey",
            name="person",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="custody_keys", to="tenants.person"
            ),
        ),
        migrations.AddConstraint(
            model_name="custodykey",
            constraint=models.UniqueConstraint(
                condition=models.Q(("retired_at__isnull", True)),
                fields=("tenant", "person"),
                name="custody_key_current",
            ),
        ),
    ]
