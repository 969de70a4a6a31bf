// Drag a card to another day. Without this script each card's "Move" does the same with a date field.
"use strict";
(() => {
  const root = document.querySelector("[data-planner]");
  if (!root) return;
  const board = root.querySelector("[data-planner-board]");
  const status = root.querySelector("[data-planner-status]");
  let dragged = null;

  const say = (sentence, bad) => {
    status.textContent = sentence;
    status.classList.toggle("nr-live--bad", Boolean(bad));
  };

  const send = async (data) => {
    root.setAttribute("aria-busy", "true");
    try {
      const answer = await fetch(root.dataset.move, {
        method: "POST",
        body: data,
        headers: { "X-Requested-With": "XMLHttpRequest", "X-CSRFToken": data.get("csrfmiddlewaretoken") },
      });
      const told = await answer.json();
      board.innerHTML = told.html;
      say(told.sentence, !told.done);
      board.querySelector(`[data-article="${data.get("article")}"] a`)?.focus();
    } catch {
      say("That did not reach the newsroom. Please load the page again.", true);
    } finally {
      root.removeAttribute("aria-busy");
    }
  };

  board.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method !== "post") return;
    event.preventDefault();
    send(new FormData(form));
  });
  board.addEventListener("dragstart", (event) => {
    dragged = event.target.closest?.("[data-article]");
    if (!dragged) return;
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", dragged.dataset.article);
    dragged.classList.add("nr-card--dragged");
  });
  board.addEventListener("dragend", () => {
    dragged?.classList.remove("nr-card--dragged");
    board.querySelectorAll(".nr-drop").forEach((each) => each.classList.remove("nr-drop"));
    dragged = null;
  });
  board.addEventListener("dragover", (event) => {
    const day = event.target.closest?.("[data-day]");
    if (!dragged || !day) return;
    event.preventDefault();
    if (day.classList.contains("nr-drop")) return;
    board.querySelectorAll(".nr-drop").forEach((each) => each.classList.remove("nr-drop"));
    day.classList.add("nr-drop");
  });
  board.addEventListener("drop", (event) => {
    const day = event.target.closest?.("[data-day]");
    const form = dragged?.querySelector("form");
    if (!day || !form) return;
    event.preventDefault();
    const data = new FormData(form);
    if ((dragged.closest("[data-day]")?.dataset.day ?? null) === day.dataset.day) return;
    data.set("day", day.dataset.day);
    send(data);
  });
})();
