"""The page all articles lie under, in place of Wagtail's "Welcome" page."""

from django.db import migrations


def make(apps, schema_editor):
    ContentType = apps.get_model("contenttypes", "ContentType")
    Page = apps.get_model("wagtailcore", "Page")
    ArticleIndex = apps.get_model("articles", "ArticleIndex")
    if ArticleIndex.objects.exists():
        return
    welcome = Page.objects.filter(depth=2, slug="home", title__startswith="Welcome to your new Wagtail").first()
    if welcome is None or welcome.numchild:
        return  # somebody else's tree: `articles.bulk.ensure_index()` puts the page beside what is there
    content_type, _ = ContentType.objects.get_or_create(app_label="articles", model="articleindex")
    Page.objects.filter(pk=welcome.pk).update(
        title="Articles", draft_title="Articles", slug="articles", url_path="/articles/", content_type=content_type
    )
    # raw: only this table's row; the page's is there
    ArticleIndex(page_ptr_id=welcome.pk).save_base(raw=True)


class Migration(migrations.Migration):
    dependencies = [
        ("articles", "0002_initial"),
        ("contenttypes", "0002_remove_content_type_name"),
        ("wagtailcore", "0097_baselogentry_uuid_action_timestamp_indexes"),
    ]

    operations = [migrations.RunPython(make, migrations.RunPython.noop)]
