"""How many addresses outside were asked because of a letter."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("mail", "0002_capabilities_are_dated"),
    ]

    operations = [
        migrations.AddField(
            model_name="message",
            name="documents_asked",
            field=models.PositiveSmallIntegerField(
                default=0, help_text="addresses outside that were asked because of this letter"
            ),
        ),
    ]
