from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("readers", "0003_code_via")]

    operations = [
        migrations.AddField(
            model_name="code",
            name="errand",
            field=models.CharField(blank=True, help_text="What they were about to follow or to save.", max_length=1000),
        ),
    ]
