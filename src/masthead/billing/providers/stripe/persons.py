"""What names a person in an event of Stripe's, left out before anything is kept: the ledger is never rewritten. Pure.

Kept are numbers, amounts, states and moments, which is all that is ever read; the payer's name and address stay with Stripe.
"""

from __future__ import annotations

import json
import re
from typing import Any

# The names stay, for an event's "previous_attributes" tell by them what has changed; what stood there does not.
PERSONAL = frozenset({
    "address", "billing_details", "business_name", "cardholder_name", "collected_information", "custom_fields",
    "customer_account", "customer_address", "customer_details", "customer_email", "customer_name", "customer_phone",
    "customer_shipping", "customer_tax_ids", "email", "evidence", "fingerprint", "individual_name", "invoice_pdf", "ip_address",
    "name", "phone", "receipt_email", "receipt_number", "receipt_url", "shipping", "shipping_address", "shipping_details",
    "tax_ids", "verified_email", "verified_name",
})  # fmt: skip
_ADDRESS = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@]+")


def left_out(body: str) -> str:
    """``body``, an event as JSON, with nothing under :data:`PERSONAL` names and no e-mail address anywhere."""
    return json.dumps(_without(json.loads(body)), separators=(",", ":"), ensure_ascii=False)


def _without(thing: Any) -> Any:
    if isinstance(thing, dict):
        return {name: None if name in PERSONAL else _without(value) for name, value in thing.items()}
    if isinstance(thing, list):
        return [_without(one) for one in thing]
    return None if isinstance(thing, str) and _ADDRESS.search(thing) else thing
