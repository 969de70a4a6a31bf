"""A double of Stripe on this machine: the endpoints that Masthead uses, as the SDK speaks to them, with a clock to move.

It knows nothing of Masthead. What it takes for a parameter is what the SDK's own types say there is.
"""

from billing.stripe_double.books import AUTHENTICATION, DECLINED, VERSION, WORKS, Books
from billing.stripe_double.server import Double

__all__ = ["AUTHENTICATION", "DECLINED", "VERSION", "WORKS", "Books", "Double"]
