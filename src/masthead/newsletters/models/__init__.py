"""The tables of newsletters: what there is and who asked, the editions, the outbox, the wire and the radar, what came of it."""

from masthead.newsletters.models.editions import Block, Edition, EditionContent, EditionItem
from masthead.newsletters.models.insight import EditionLink, LinkClicks, MailEvent
from masthead.newsletters.models.newsletters import Holiday, Mailing, Newsletter, NewsletterBlock, Tick
from masthead.newsletters.models.outbox import Claim, Delivery, Suppression
from masthead.newsletters.models.personal import PersonalMail, Preferences, WelcomeStep
from masthead.newsletters.models.wire import RadarEvent, WireEntry, WireSource

__all__ = [
    "Block",
    "Claim",
    "Delivery",
    "Edition",
    "EditionContent",
    "EditionItem",
    "EditionLink",
    "Holiday",
    "LinkClicks",
    "MailEvent",
    "Mailing",
    "Newsletter",
    "NewsletterBlock",
    "PersonalMail",
    "Preferences",
    "RadarEvent",
    "Suppression",
    "Tick",
    "WelcomeStep",
    "WireEntry",
    "WireSource",
]
