// Makes reader pages smoother. Every page works without it.
(() => {
  "use strict";
  // A page restored by the back button may show a gate that has opened since: ask again.
  addEventListener("pageshow", (event) => {
    if (event.persisted) location.reload();
  });

  // The code: digits only, and sent as soon as all six are there.
  for (const field of document.querySelectorAll("input[data-code]")) {
    let sent = false;
    field.addEventListener("input", () => {
      const digits = field.value.replace(/\D/g, "").slice(0, 6);
      if (digits !== field.value) field.value = digits;
      if (digits.length === 6 && !sent && field.form) {
        sent = true;
        field.form.requestSubmit();
      }
    });
  }

  // A second press while the first is on its way would ask twice.
  addEventListener("submit", (event) => {
    const form = event.target;
    if (form.dataset.sent) {
      event.preventDefault();
      return;
    }
    form.dataset.sent = "yes";
    form.setAttribute("aria-busy", "true");
    // back from an answer that did not leave this page (a download, a lost connection): allow another try
    setTimeout(() => {
      delete form.dataset.sent;
      form.removeAttribute("aria-busy");
    }, 8000);
  });

  // Back from the payment page before its word: ask again by ourselves.
  const asks = document.querySelector("form[data-asks-again]");
  if (asks) setTimeout(() => asks.requestSubmit(), 1500);

  // Who came by an edition and goes on to subscribe: which one led there is counted, and not who they are.
  const via = new URLSearchParams(location.search).get("via");
  if (via) {
    for (const link of document.querySelectorAll('a[href^="/subscribe/"]')) {
      const to = new URL(link.href);
      to.searchParams.set("via", via);
      link.href = to;
    }
  }

  // A page that says what went wrong begins there.
  document.getElementById("errors")?.focus();
})();
