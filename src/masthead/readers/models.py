"""Readers, their browsers, and the codes that prove an address."""

from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models

from masthead.core import changelog
from masthead.core.keys import subject
from masthead.readers import addresses


class ReaderManager(BaseUserManager["Reader"]):
    """Finds and makes readers by their exact address."""

    def get_by_natural_key(self, email: str) -> "Reader":
        return self.get(identity=addresses.identity(email))

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "Reader":
        """Make a reader with ``email``; without a password none can be used."""
        reader = self.model(email=addresses.clean(email), **fields)
        reader.set_password(password)
        reader.save(using=self._db)
        return reader

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "Reader":
        """Make someone who works here and may do everything."""
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)


class Reader(AbstractBaseUser, PermissionsMixin):
    """A person with an e-mail address here; unconfirmed until they prove it. Staff are readers with newsroom permissions."""

    email = models.EmailField("e-mail address", max_length=254, unique=True)
    identity = models.CharField(max_length=320, unique=True, editable=False)
    subject = models.CharField(max_length=22, unique=True, default=subject, editable=False)
    first_name = models.CharField(max_length=80, blank=True)
    last_name = models.CharField(max_length=80, blank=True)
    created = models.DateTimeField(auto_now_add=True)
    confirmed = models.DateTimeField(null=True, blank=True)
    is_staff = models.BooleanField(
        "works here", default=False, help_text="May log in to the newsroom, with a password or passkey."
    )
    is_active = models.BooleanField("active", default=True)

    objects = ReaderManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: list[str] = []

    class Meta:
        ordering = ["email"]
        # not Django's "change" and "delete": with those Wagtail would let support edit those who work here
        permissions = [("support_reader", "Can help a reader: codes, merging, anonymising")]

    def __str__(self) -> str:
        return self.email

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Keep ``identity`` the address's: it is what makes an account one person's.

        A new password ends every pass minted before, as it ends every other session: it may have been changed because of one.
        """
        self.identity = addresses.identity(self.email)
        fields = kwargs.get("update_fields")
        if fields is not None and "email" in fields:
            kwargs["update_fields"] = {*fields, "identity"}
        if self._password is None:  # Django keeps it here from ``set_password`` until it is saved
            super().save(*args, **kwargs)
            return
        with changelog.transaction() as changes:
            super().save(*args, **kwargs)
            changes.add(changelog.visitor(self.subject))

    def get_full_name(self) -> str:
        """The name shown in the newsroom; the address where none is set."""
        return f"{self.first_name} {self.last_name}".strip() or self.email

    def get_short_name(self) -> str:
        return self.first_name or self.email


class Device(models.Model):
    """One browser, known by a signed random cookie. It is nobody until a reader logs in with it."""

    subject = models.CharField(max_length=22, unique=True, default=subject)
    created = models.DateTimeField()
    last_seen = models.DateTimeField()
    label = models.CharField(max_length=80, blank=True)

    def __str__(self) -> str:
        return self.label or self.subject


class Login(models.Model):
    """A session that is logged in as a reader: what "devices" lists and "revoke" ends.

    The session's row is deleted with it, so that a revoked browser is out at its next request.
    """

    reader = models.ForeignKey(Reader, on_delete=models.CASCADE, related_name="logins")
    device = models.ForeignKey(Device, null=True, on_delete=models.SET_NULL, related_name="logins")
    session_key = models.CharField(max_length=40, unique=True)
    method = models.CharField(max_length=10, help_text="code, link, passkey or password")
    label = models.CharField(max_length=80, blank=True)
    created = models.DateTimeField()
    last_seen = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.reader} on {self.label}"


class Code(models.Model):
    """A six-digit code and a link, mailed to one address and asked for by one device (DESIGN 3, "one code for everything").

    The code is good in the browser that asked, found by its device; the link in any. Each is good once, independently.
    ``article`` is a slug, not a foreign key: the floor above migrates after this one.
    """

    class Purpose(models.TextChoices):
        READ = "read"  # asked for at a gate
        LOGIN = "login"
        CHANGE = "change"  # of the address of ``reader``

    address = models.EmailField(max_length=254)
    identity = models.CharField(max_length=320)
    device = models.ForeignKey(Device, on_delete=models.CASCADE, related_name="codes")
    reader = models.ForeignKey(Reader, null=True, on_delete=models.CASCADE, related_name="+")
    purpose = models.CharField(max_length=6, choices=Purpose)
    article = models.CharField(max_length=255, blank=True)
    newsletters = models.JSONField(default=list)
    via = models.CharField(max_length=100, blank=True, help_text="The edition of a newsletter that led to asking.")
    errand = models.CharField(max_length=1000, blank=True, help_text="What they were about to follow or to save.")
    code_hash = models.CharField(max_length=64)
    link_hash = models.CharField(max_length=64, unique=True)
    period = models.CharField(max_length=12)
    created = models.DateTimeField()
    expires = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    code_used = models.DateTimeField(null=True)
    link_used = models.DateTimeField(null=True)
    replaced = models.DateTimeField(null=True)
    ticks_counted = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["device", "-created"]),  # the open row of a browser, on every visit without a pass
            models.Index(fields=["identity"]),  # everything held about me
        ]

    def __str__(self) -> str:
        return f"{self.purpose} for {self.address}"
