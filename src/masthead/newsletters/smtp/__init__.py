"""Submitting mail, fast and without ever being wrong about what was submitted. Pure: no Django, no database.

``Pool`` takes letters and tells the outcome of each. See README.md beside this file.
"""

from masthead.newsletters.smtp.letters import Letter, Outcome, Patience, Scope, Security, Server, Verdict
from masthead.newsletters.smtp.pool import Pool

__all__ = ["Letter", "Outcome", "Patience", "Pool", "Scope", "Security", "Server", "Verdict"]
