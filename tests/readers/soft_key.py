"""An authenticator made of software, for what no honest one does: wrong origins, copies, answers without a finger on it."""

from __future__ import annotations

import hashlib
import os
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from fido2.cose import ES256
from fido2.utils import websafe_decode, websafe_encode
from fido2.webauthn import Aaguid, AttestationObject, AttestedCredentialData, AuthenticatorData, CollectedClientData

PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40


class SoftKey:
    """One passkey. ``handle`` is the user it was made for."""

    def __init__(self, domain: str = "localhost", origin: str = "http://localhost") -> None:
        self.domain, self.origin = domain, origin
        self.private = ec.generate_private_key(ec.SECP256R1())
        self.id = os.urandom(32)
        self.count = 0
        self.handle = ""

    def make(self, options: dict[str, Any], *, flags: int = PRESENT | VERIFIED) -> dict[str, Any]:
        """The answer to a creation's ``options``."""
        asked = options["publicKey"]
        self.handle = asked["user"]["id"]
        public = ES256.from_cryptography_key(self.private.public_key())
        credential = AttestedCredentialData.create(Aaguid.NONE, self.id, public)
        data = AuthenticatorData.create(self._domain_hash(), flags | ATTESTED, self.count, credential)
        return self._answer(
            {
                "clientDataJSON": websafe_encode(self._client("webauthn.create", asked["challenge"])),
                "attestationObject": websafe_encode(AttestationObject.create("none", data, {})),
            }
        )

    def sign(self, options: dict[str, Any], *, flags: int = PRESENT | VERIFIED, handle: str | None = None) -> dict[str, Any]:
        """The answer to a log-in's ``options``."""
        self.count += 1
        client = self._client("webauthn.get", options["publicKey"]["challenge"])
        data = AuthenticatorData.create(self._domain_hash(), flags, self.count)
        signature = self.private.sign(data + client.hash, ec.ECDSA(hashes.SHA256()))
        return self._answer(
            {
                "clientDataJSON": websafe_encode(client),
                "authenticatorData": websafe_encode(data),
                "signature": websafe_encode(signature),
                "userHandle": self.handle if handle is None else handle,
            }
        )

    def _client(self, kind: str, challenge: str) -> CollectedClientData:
        return CollectedClientData.create(kind, websafe_decode(challenge), self.origin)

    def _domain_hash(self) -> bytes:
        return hashlib.sha256(self.domain.encode()).digest()

    def _answer(self, response: dict[str, str]) -> dict[str, Any]:
        number = websafe_encode(self.id)
        extensions = {"credProps": {"rk": True}}
        return {"id": number, "rawId": number, "type": "public-key", "response": response, "clientExtensionResults": extensions}
