"""Announced capabilities keep the signing time of their letter, so that an older letter never replaces them."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("mail", "0001_initial"),
    ]

    operations = [
        migrations.AddField(
            model_name="contactcertificate",
            name="capabilities_signed_at",
            field=models.DateTimeField(help_text="signing time of that letter", null=True),
        ),
    ]
