"""Stripe behind the provider protocol. See README.md here for what is asked of it, what it tells, and what follows."""
