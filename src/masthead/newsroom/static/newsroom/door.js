// Offer the passkey only where the browser has one to ask for.
"use strict";
if (window.PublicKeyCredential) {
  document.querySelector("[data-passkey]")?.removeAttribute("hidden");
}
