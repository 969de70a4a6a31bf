from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("newsletters", "0010_pinned_items"),
    ]

    operations = [
        migrations.AddField(
            model_name="edition",
            name="heading",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="Of a special edition: what stands above its articles.",
                max_length=80,
            ),
        ),
    ]
