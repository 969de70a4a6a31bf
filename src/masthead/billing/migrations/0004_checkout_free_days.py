from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("billing", "0003_checkout_via"),
    ]

    operations = [
        migrations.AddField(
            model_name="checkout",
            name="free_days",
            field=models.PositiveSmallIntegerField(default=0, help_text="How many days come before the first payment."),
        ),
    ]
