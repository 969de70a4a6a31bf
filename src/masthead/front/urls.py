"""Reader-facing addresses (DESIGN 7)."""

from django.urls import path, register_converter

from masthead.front.views import (
    account,
    archive,
    clicks,
    editions,
    feeds,
    gifts,
    guides,
    journey,
    keeping,
    library,
    mail_choices,
    media,
    opensearch,
    pages,
    passkeys,
    private_feeds,
    radar,
    robots,
    sitemaps,
    subscribing,
    subscription,
)


class Year:
    """Four digits."""

    regex = "[0-9]{4}"

    def to_python(self, value: str) -> int:
        return int(value)

    def to_url(self, value: int) -> str:
        return f"{value:04}"


register_converter(Year, "year")

urlpatterns = [
    path("", pages.home),
    path("articles/<slug:slug>/", pages.article),
    path("topics/", pages.topics),
    path("topics/<slug:slug>/", guides.topic),
    path("topics/<slug:slug>/feed.rss", feeds.topic),
    path("topics/<slug:slug>/<year:year>/", guides.topic_year),  # before the next: a slug may be digits, too
    path("topics/<slug:one>/<slug:other>/", guides.relation),
    path("topics/<slug:one>/<slug:other>/feed.rss", feeds.relation),
    path("topics/<slug:one>/<slug:other>/<year:year>/", guides.relation_year),
    path("authors/", pages.authors),
    path("authors/<slug:slug>/", pages.author),
    path("authors/<slug:slug>/feed.rss", feeds.author),
    path("library/", library.library),
    path("library/suggest.json", library.suggest),
    path("api/v1/search", library.api),
    path("archive/", archive.years),
    path("archive/<int:year>/", archive.stretch),
    path("archive/<int:year>/<int:month>/", archive.stretch),
    path("archive/<int:year>/<int:month>/<int:day>/", archive.stretch),
    path("subscribe/", pages.subscribe),
    path("subscribe/checkout/", subscribing.checkout),
    path("subscribe/return/", subscribing.came_back),
    path("subscribe/pay/<str:token>/", subscribing.pay),
    path("newsletters/", journey.newsletters_form),
    # before a newsletter's own pages: none may be called so (``newsletters.models.RESERVED``)
    path("newsletters/unsubscribe/<str:token>/", mail_choices.unsubscribe),
    path("newsletters/preferences/<str:token>/", mail_choices.preferences),
    path("newsletters/go/<str:token>/", clicks.go),
    path("newsletters/radar.ics", radar.calendar),
    path("newsletters/<slug:name>/", editions.archive),
    path("newsletters/<slug:name>/feed.rss", editions.feed),
    path("newsletters/<slug:name>/<slug:key>/", editions.edition),
    path("keep-reading/", journey.keep_reading),
    path("unlock/", journey.unlock),
    path("login/", journey.login),
    path("login/passkey/", passkeys.login),
    path("login/passkey/begin/", passkeys.begin_login),
    path("logout/", journey.logout),
    path("confirm/", journey.confirm),
    path("confirm/resend/", journey.resend),
    path("confirm/<str:token>/", journey.confirm_link),
    path("save/", journey.save),
    path("follow/", keeping.follow),
    path("library/save/", keeping.save_search),
    path("account/following/end/", keeping.unfollow),
    path("account/searches/rename/", keeping.rename_search),
    path("account/searches/remove/", keeping.remove_search),
    path("account/feeds/make/", keeping.make_feed),
    path("account/feeds/end/", keeping.revoke_feed),
    path("account/", account.home),
    path("account/email/", account.change_email),
    path("account/email/confirm/", account.confirm_email),
    path("account/newsletters/", account.set_newsletters),
    path("account/newsletters/again/", account.mail_again),
    path("account/devices/revoke/", account.revoke),
    path("account/passkeys/begin/", passkeys.begin_adding),
    path("account/passkeys/add/", passkeys.add),
    path("account/passkeys/rename/", passkeys.rename),
    path("account/passkeys/remove/", passkeys.remove),
    path("account/data.json", account.download),
    path("account/delete/", account.delete),
    path("gift/", gifts.give),
    path("gift/<str:token>/", gifts.gift),
    path("account/gifts/revoke/", gifts.revoke),
    path("account/subscription/cancel/", subscription.cancel),
    path("account/subscription/resume/", subscription.resume),
    path("account/subscription/give-back/", subscription.give_back),
    path("account/subscription/pause/", subscription.pause),
    path("account/subscription/plan/", subscription.change),
    path("account/subscription/card/", subscription.card),
    path("account/subscription/receipts/<int:number>/", subscription.receipt),
    path("about/", pages.about),
    path("feeds/articles.rss", feeds.articles),
    path("feeds/private/<str:token>.rss", private_feeds.feed),
    path("opensearch.xml", opensearch.description),
    path("sitemap.xml", sitemaps.index),
    path("sitemap-pages.xml", sitemaps.pages),
    path("sitemap-relations.xml", sitemaps.relations),
    path("sitemap-archive.xml", sitemaps.archive),
    path("sitemap-newsletters.xml", sitemaps.newsletters),
    path("sitemap-articles-<int:part>.xml", sitemaps.articles),
    path("news-sitemap.xml", sitemaps.news),
    path("robots.txt", robots.robots),
    path("advertisements/<int:number>/", pages.advertisement),
    path("media/<path:path>", media.media),
]
