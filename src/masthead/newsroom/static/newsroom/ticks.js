// A field that narrows a long list of boxes to tick. Without this script the list can be scrolled through.
"use strict";
(() => {
  const plain = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase().trim();

  const setUp = (root) => {
    const find = root.querySelector(".nr-ticks__find");
    const input = find.querySelector("input");
    const status = find.querySelector("[role=status]");
    const labels = [...root.querySelectorAll(".nr-ticks__list label")];
    if (labels.length < 12) return;
    find.hidden = false;
    const look = () => {
      const wanted = plain(input.value);
      let shown = 0;
      for (const label of labels) {
        // what is ticked stays in sight
        label.hidden = !plain(label.textContent).includes(wanted) && !label.querySelector("input").checked;
        if (!label.hidden) shown += 1;
      }
      status.textContent = wanted ? `${shown} of ${labels.length}` : "";
    };
    input.addEventListener("input", look);
    root.addEventListener("change", look); // also what another part of the page ticked
    input.addEventListener("keydown", (event) => {
      if (event.key === "Enter") event.preventDefault(); // it would save the form
    });
  };

  document.addEventListener("DOMContentLoaded", () => document.querySelectorAll("[data-ticks]").forEach(setUp));
})();
