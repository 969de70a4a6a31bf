// The wire desk by keyboard and without leaving the page. Without this script every button sends its form and comes back.
"use strict";
(() => {
  const root = document.querySelector("[data-wire]");
  if (!root) return;
  const list = root.querySelector("[data-wire-list]");
  const picked = root.querySelector("[data-wire-picked]");
  const status = root.querySelector("[data-wire-status]");
  let dragged = null;

  const say = (sentence, bad) => {
    status.textContent = sentence;
    status.classList.toggle("nr-live--bad", Boolean(bad));
  };
  const entries = () => [...list.querySelectorAll("[data-entry]")];
  const link = (entry) => entry?.querySelector("[data-entry-link]");

  const send = async (form, button, extra = {}) => {
    const data = new FormData(form);
    data.set("do", button);
    for (const [name, value] of Object.entries(extra)) data.set(name, value);
    try {
      const answer = await fetch(form.action, {
        method: "POST",
        body: data,
        headers: { "X-Requested-With": "XMLHttpRequest", "X-CSRFToken": data.get("csrfmiddlewaretoken") },
      });
      const told = await answer.json();
      say(told.sentence, !told.done);
      const here = document.activeElement;
      const place = picked.contains(here) && here.name === "do" ? here.value : "";
      picked.innerHTML = told.picked;
      if (place) {
        const again = picked.querySelector(`button[value="${place}"]`);
        (again?.disabled ? again.parentNode.querySelector("button:not([disabled])") : again)?.focus();
      }
      return told.done;
    } catch {
      say("That did not reach the newsroom. Please load the page again.", true);
      return false;
    }
  };

  // The keyboard goes on to the next entry
  const remove = (entry) => {
    const all = entries();
    const next = all[all.indexOf(entry) + 1] || all[all.indexOf(entry) - 1];
    const inside = entry.contains(document.activeElement);
    entry.remove();
    const count = root.querySelector("[data-wire-count]");
    if (Number(count.textContent)) count.textContent = Number(count.textContent) - 1;
    if (inside) link(next)?.focus();
  };

  root.addEventListener("submit", async (event) => {
    const form = event.target;
    if (form.method !== "post" || !event.submitter?.value) return;
    event.preventDefault();
    const button = event.submitter.value;
    const entry = event.submitter.closest("[data-entry]");
    const done = await send(form, button);
    if (!done) return;
    if (entry) remove(entry);
    if (form.matches("[data-wire-hand]")) form.reset();
    if (button.startsWith("unpick:")) say(`${status.textContent} Load the page again to see it among what came in.`);
  });

  list.addEventListener("keydown", (event) => {
    const entry = event.target.closest("[data-entry]");
    if (!entry || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.matches("[data-entry-comment]")) {
      if (event.key === "Enter") {
        event.preventDefault();
        entry.querySelector("[data-entry-pick]").click();
      } else if (event.key === "Escape") link(entry).focus();
      return;
    }
    const all = entries();
    const step = { j: 1, k: -1 }[event.key];
    if (step) {
      const next = link(all[all.indexOf(entry) + step]);
      next?.focus();
      next?.scrollIntoView({ block: "nearest" });
    } else if (event.key === "p") entry.querySelector("[data-entry-pick]").click();
    else if (event.key === "x") entry.querySelector("[data-entry-dismiss]")?.click();
    else if (event.key === "c") entry.querySelector("[data-entry-comment]").focus();
    else if (event.key === "o") window.open(link(entry).href, "_blank", "noopener,noreferrer");
    else if (event.key === "/") root.querySelector("[data-wire-find]").focus();
    else return;
    event.preventDefault();
  });

  picked.addEventListener("pointerdown", (event) => {
    const item = event.target.closest("[data-picked]");
    if (item) item.draggable = Boolean(event.target.closest("[data-grip]"));
  });
  picked.addEventListener("dragstart", (event) => {
    dragged = event.target.closest?.("[data-picked]");
    if (!dragged) return;
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", dragged.dataset.picked);
    dragged.classList.add("nr-item--dragged");
  });
  picked.addEventListener("dragover", (event) => {
    const over = event.target.closest?.("[data-picked]");
    if (!dragged || !over || over === dragged) return;
    event.preventDefault();
    const { top, height } = over.getBoundingClientRect();
    over.parentNode.insertBefore(dragged, event.clientY > top + height / 2 ? over.nextSibling : over);
  });
  picked.addEventListener("drop", (event) => dragged && event.preventDefault());
  picked.addEventListener("dragend", () => {
    if (!dragged) return;
    dragged = null;
    send(picked.querySelector("[data-wire-order]"), "order");
  });

  // The first entry takes the keyboard, so that j, p and x work at once
  if (!document.activeElement || document.activeElement === document.body) link(entries()[0])?.focus({ preventScroll: true });
})();
