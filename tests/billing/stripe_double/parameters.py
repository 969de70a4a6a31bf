"""Form-encoded parameters as Stripe takes them, and the refusal of those it does not know."""

from __future__ import annotations

import typing
from typing import Any
from urllib.parse import parse_qsl

from stripe import params as known
from stripe.params import billing_portal, checkout


class Wrong(Exception):
    """A request that Stripe would refuse."""

    def __init__(self, message: str, *, code: str = "", param: str = "", status: int = 400, kind: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.error = {"type": kind or "invalid_request_error", "message": message, "code": code or None, "param": param or None}


def decoded(body: str) -> dict[str, Any]:
    """``a[b][0]=c`` as {"a": {"b": ["c"]}}. All values are text."""
    tree: dict[str, Any] = {}
    for name, value in parse_qsl(body, keep_blank_values=True):
        path = name.replace("]", "").split("[")
        at = tree
        for part in path[:-1]:
            at = at.setdefault(part, {})
        at[path[-1]] = value
    listed: dict[str, Any] = _listed(tree)
    return listed


def _listed(tree: Any) -> Any:
    if not isinstance(tree, dict):
        return tree
    if tree and all(name.isdecimal() for name in tree):
        return [_listed(tree[name]) for name in sorted(tree, key=int)]
    return {name: _listed(value) for name, value in tree.items()}


SHAPES: dict[str, Any] = {
    "POST /v1/prices": known.PriceCreateParams,
    "GET /v1/prices": known.PriceListParams,
    "POST /v1/coupons": known.CouponCreateParams,
    "POST /v1/checkout/sessions": checkout.SessionCreateParams,
    "POST /v1/checkout/sessions/ID/expire": checkout.SessionExpireParams,
    "POST /v1/subscriptions/ID": known.SubscriptionUpdateParams,
    "DELETE /v1/subscriptions/ID": known.SubscriptionCancelParams,
    "POST /v1/subscriptions/ID/resume": known.SubscriptionResumeParams,
    "GET /v1/subscriptions": known.SubscriptionListParams,
    "GET /v1/invoices": known.InvoiceListParams,
    "GET /v1/invoice_payments": known.InvoicePaymentListParams,
    "GET /v1/charges": known.ChargeListParams,
    "POST /v1/refunds": known.RefundCreateParams,
    "GET /v1/refunds": known.RefundListParams,
    "GET /v1/disputes": known.DisputeListParams,
    "GET /v1/webhook_endpoints": known.WebhookEndpointListParams,
    "POST /v1/billing_portal/sessions": billing_portal.SessionCreateParams,
    "POST /v1/billing_portal/configurations": billing_portal.ConfigurationCreateParams,
    "GET /v1/billing_portal/configurations": billing_portal.ConfigurationListParams,
}


def check(endpoint: str, given: dict[str, Any]) -> None:
    """Refuse what the SDK's types do not know, at any depth."""
    if endpoint in SHAPES:
        _check(SHAPES[endpoint], given, "")
    else:
        for name in given:
            if name != "expand":
                raise Wrong(f"Received unknown parameter: {name}", code="parameter_unknown", param=name)


def _check(shape: Any, given: Any, path: str) -> None:
    shapes = _typed_dicts(shape)
    if not shapes or not isinstance(given, dict):
        if shapes and isinstance(given, list):
            for one in given:
                _check(shape, one, path)
        return
    allowed: dict[str, Any] = {}
    for one in shapes:
        allowed |= typing.get_type_hints(one, localns={"StripeContext": object, "Decimal": object})
    for name, value in given.items():
        full = f"{path}[{name}]" if path else name
        if name not in allowed:
            raise Wrong(f"Received unknown parameter: {full}", code="parameter_unknown", param=full)
        _check(allowed[name], value, full)


def _typed_dicts(shape: Any) -> list[Any]:
    """The typed dicts in a union or a list of them; none where anything may stand."""
    if typing.is_typeddict(shape):
        return [shape]
    if typing.get_origin(shape) is dict:
        return []
    found = [_typed_dicts(one) for one in typing.get_args(shape)]
    return [one for many in found for one in many]
