"""The sandbox's own books: what a payment provider would hold on its side. Nothing of ours points here."""

from django.db import models


class Thing(models.Model):
    """A checkout session, customer, subscription or invoice of the sandbox; ``data`` is what it is now."""

    kind = models.CharField(max_length=12)
    number = models.CharField(max_length=80, unique=True)
    subscription = models.CharField(max_length=80, blank=True, db_index=True)
    data = models.JSONField(default=dict)
    created = models.DateTimeField()

    def __str__(self) -> str:
        return self.number
