"""Stripe behind the provider protocol."""
