from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("newsletters", "0008_edition_audience"),
    ]

    operations = [
        migrations.AddField(
            model_name="edition",
            name="press",
            field=models.UUIDField(
                editable=False,
                help_text="Of a special edition: the press of a button that began it.",
                null=True,
                unique=True,
            ),
        ),
    ]
