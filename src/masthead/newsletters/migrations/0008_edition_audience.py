from django.db import migrations, models
from django.db.models import OuterRef, Subquery


def keep(apps, schema_editor):
    """Editions that went keep what their newsletter says today: what is shown of them stays as it is."""
    Edition = apps.get_model("newsletters", "Edition")
    Newsletter = apps.get_model("newsletters", "Newsletter")
    own = Newsletter.objects.filter(pk=OuterRef("newsletter_id")).values("audience")
    went = Edition.objects.filter(state__in=["sending", "paused", "done", "cancelled"])
    went.update(audience=Subquery(own))


class Migration(migrations.Migration):

    dependencies = [
        ("newsletters", "0007_watched_feed"),
    ]

    operations = [
        migrations.AddField(
            model_name="edition",
            name="audience",
            field=models.CharField(
                blank=True,
                choices=[("registered", "All who have confirmed their address"), ("subscribers", "Subscribers only")],
                db_default="",
                default="",
                help_text="Who could have the newsletter when it was frozen.",
                max_length=12,
            ),
        ),
        migrations.RunPython(keep, migrations.RunPython.noop),
    ]
