"""In whose time zone the newsroom reads and shows dates: an editor's own where they set one, else the publication's.

Wagtail would take the server's, which is UTC: an article dated midnight of 1 March would be one of 28 February to readers west
of it.
"""

from __future__ import annotations

from django.contrib.auth.base_user import AbstractBaseUser
from wagtail.users.models import UserProfile

from masthead.front.content.publication import publication_facts


def lend_profile(user: AbstractBaseUser) -> None:
    """Give ``user`` a profile for this request where they have none: without one Wagtail does not ask about the time zone."""
    if user.is_authenticated and not hasattr(user, "wagtail_userprofile"):
        user.wagtail_userprofile = UserProfile(user=user)  # not saved: Wagtail makes it when there is something to keep


def _own_or_the_publications(profile: UserProfile) -> str:
    return profile.current_time_zone or publication_facts().timezone


def apply() -> None:
    """Have Wagtail ask us: it activates a profile's zone by itself, inside of any that a middleware could."""
    UserProfile.get_current_time_zone = _own_or_the_publications
