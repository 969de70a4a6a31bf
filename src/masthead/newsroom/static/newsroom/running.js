// An edition on its way: its numbers are asked for each two seconds while somebody looks. Without this script one loads the page again.
"use strict";
(() => {
  const root = document.querySelector("[data-live][data-runs]");
  if (!root) return;
  const ask = async () => {
    if (!document.hidden) {
      try {
        const answer = await fetch(root.dataset.address, { headers: { "X-Requested-With": "XMLHttpRequest" } });
        if (!answer.ok) throw new Error("not well");
        const html = await answer.text();
        const fresh = document.createElement("div");
        fresh.innerHTML = html;
        const state = fresh.querySelector("[data-live-state]")?.dataset.liveState;
        if (!state) throw new Error("not the numbers");
        if (state !== root.dataset.state) {
          window.location.reload(); // other buttons belong to another state
          return;
        }
        // what is read aloud is not said again each two seconds
        const sentence = root.querySelector("[role=status]");
        const told = fresh.querySelector("[role=status]");
        if (sentence.textContent === told.textContent) told.replaceWith(sentence);
        root.replaceChildren(...fresh.childNodes);
      } catch {
        root.querySelector("[role=status]").textContent = "The newsroom does not answer; trying again.";
      }
    }
    window.setTimeout(ask, 2000);
  };
  window.setTimeout(ask, 2000);
})();
