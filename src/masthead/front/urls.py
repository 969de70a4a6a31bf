"""Reader-facing addresses (DESIGN 7)."""

from django.urls import path

from masthead.front.views import feeds, journey, media, pages, robots, sitemaps

urlpatterns = [
    path("", pages.home),
    path("articles/<slug:slug>/", pages.article),
    path("topics/", pages.topics),
    path("topics/<slug:slug>/", pages.topic),
    path("topics/<slug:slug>/feed.rss", feeds.topic),
    path("authors/", pages.authors),
    path("authors/<slug:slug>/", pages.author),
    path("authors/<slug:slug>/feed.rss", feeds.author),
    path("subscribe/", pages.subscribe),
    path("newsletters/", journey.newsletters_form),
    path("keep-reading/", journey.keep_reading),
    path("unlock/", journey.unlock),
    path("login/", journey.login),
    path("logout/", journey.logout),
    path("confirm/", journey.confirm),
    path("confirm/resend/", journey.resend),
    path("confirm/<str:token>/", journey.confirm_link),
    path("save/", journey.save),
    path("about/", pages.about),
    path("feeds/articles.rss", feeds.articles),
    path("sitemap.xml", sitemaps.index),
    path("sitemap-pages.xml", sitemaps.pages),
    path("sitemap-articles-<int:part>.xml", sitemaps.articles),
    path("news-sitemap.xml", sitemaps.news),
    path("robots.txt", robots.robots),
    path("advertisements/<int:number>/", pages.advertisement),
    path("media/<path:path>", media.media),
]
