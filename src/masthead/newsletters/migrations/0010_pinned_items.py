from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("newsletters", "0009_edition_press"),
    ]

    operations = [
        migrations.AddField(
            model_name="editionitem",
            name="pinned",
            field=models.BooleanField(db_default=False, default=False, help_text="An editor put it where it stands."),
        ),
        migrations.AlterField(
            model_name="edition",
            name="mailed_draft",
            field=models.DateTimeField(
                help_text="When its editors were mailed the draft, at its cut-off; composed without it: begun early.",
                null=True,
            ),
        ),
    ]
