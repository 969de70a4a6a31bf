"""Whether a page may offer passkeys: at an address that can have none, no button is drawn."""

from django import template

from masthead.readers import passkeys

register = template.Library()


@register.simple_tag(takes_context=True)
def passkeys_offered(context: template.Context) -> bool:
    """Whether keys can belong to the address this page was asked for at."""
    request = context.get("request")
    return request is not None and passkeys.relying_party(request) is not None
