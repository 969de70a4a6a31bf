// Passkeys: the browser's part of the ceremony. Without them, or without this script, the mailed code does the same.
(() => {
  "use strict";
  if (!window.PublicKeyCredential || !navigator.credentials) return;

  const REFUSED = "No passkey was used. Try again, or let us mail you a code.";
  const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
  const text = (buffer) =>
    btoa(Array.from(new Uint8Array(buffer), (b) => String.fromCharCode(b)).join(""))
      .replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

  // What cannot be said in JSON is said in base64url: in both directions (WebAuthn Level 3, 5.1.8 and 5.1.9).
  const options = (sent) => {
    const o = sent.publicKey;
    o.challenge = bytes(o.challenge);
    if (o.user) o.user.id = bytes(o.user.id);
    for (const list of [o.excludeCredentials, o.allowCredentials]) for (const c of list || []) c.id = bytes(c.id);
    return o;
  };
  const answer = (made) => {
    const response = {};
    for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"])
      if (made.response[name]) response[name] = text(made.response[name]);
    return { id: made.id, rawId: text(made.rawId), type: made.type, response, clientExtensionResults: made.getClientExtensionResults() };
  };

  const post = async (path, body, token) => {
    const headers = { "Content-Type": "application/json" };
    if (token) headers["X-CSRFToken"] = token;
    const reply = await fetch(path, { method: "POST", headers, body: JSON.stringify(body) });
    const said = await reply.json().catch(() => ({}));
    if (!reply.ok) throw new Error(said.sentence || "That did not work. Please reload the page and try again.");
    return said;
  };
  const go = (path) => {
    const to = new URL(path, location.href);
    const same = to.pathname + to.search === location.pathname + location.search;
    location.assign(to);
    if (same) location.reload(); // a change of the fragment alone loads nothing
  };
  const sentence = (error) => {
    if (error.name === "InvalidStateError") return "This device holds a passkey for your account already.";
    return error instanceof DOMException ? REFUSED : error.message;
  };

  // Only one question may be open in a browser at a time.
  let asking = new AbortController();
  const ask = (what, how) => {
    asking.abort();
    asking = new AbortController();
    return navigator.credentials[how]({ ...what, signal: asking.signal });
  };

  const place = document.querySelector("[data-passkey-login]");
  if (place) {
    const problem = place.querySelector("[data-passkey-problem]");
    const button = place.querySelector("button");
    // The field's offer and the button ask for the same key: the last to ask counts, and one answer is one log-in.
    let asked = 0;
    let answered = false;
    const logIn = async (mediation) => {
      const mine = ++asked;
      const publicKey = options(await post("/login/passkey/begin/", {}));
      if (mine !== asked || answered) return;
      const credential = await ask(mediation ? { publicKey, mediation } : { publicKey }, "get");
      if (mine !== asked || answered) return;
      answered = true;
      try {
        go((await post("/login/passkey/", { credential: answer(credential), article: place.dataset.article, errand: place.dataset.errand })).location);
      } catch (error) {
        answered = false;
        throw error;
      }
    };
    const tell = (error) => {
      problem.textContent = sentence(error);
      problem.hidden = false;
    };
    place.hidden = false;
    button.addEventListener("click", async () => {
      if (answered) return;
      asking.abort(); // the offer must not be taken while this question is on its way
      button.disabled = true;
      problem.hidden = true;
      await logIn().catch(tell);
      button.disabled = false;
    });
    // Offered while the address is typed, where the browser can do that. Whoever types on is not told of its end.
    PublicKeyCredential.isConditionalMediationAvailable?.()
      .then((can) => can && logIn("conditional"))
      .catch((error) => error instanceof DOMException || tell(error));
  }

  const form = document.querySelector("[data-passkey-add]");
  if (form) {
    const problem = form.querySelector("[data-passkey-problem]");
    const token = form.querySelector("[name=csrfmiddlewaretoken]").value;
    form.hidden = false;
    document.querySelector("[data-passkey-unsupported]")?.remove();
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      event.stopPropagation(); // the page's own guard against sending twice would lock a second try
      const button = form.querySelector("button");
      button.disabled = true;
      problem.hidden = true;
      try {
        const publicKey = options(await post("/account/passkeys/begin/", {}, token));
        const credential = answer(await ask({ publicKey }, "create"));
        go((await post("/account/passkeys/add/", { name: form.elements["name"].value, credential }, token)).location);
      } catch (error) {
        problem.textContent = sentence(error);
        problem.hidden = false;
      }
      button.disabled = false;
    });
  }
})();
