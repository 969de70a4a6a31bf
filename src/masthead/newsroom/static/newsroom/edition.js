// The edition desk: buttons send the form without leaving the page, items are dragged or moved by Alt and the arrows, the preview
// follows what is saved. Without this script every button sends the form and comes back.
"use strict";
(() => {
  const desk = document.querySelector("[data-desk]");
  const preview = document.querySelector("[data-preview]");
  if (!desk) return;
  let dirty = false;
  let busy = Promise.resolve();
  let dragged = null;

  const form = () => desk.querySelector("[data-desk-form]");
  const say = (sentence, bad) => {
    const status = desk.querySelector("[data-desk-status]");
    status.textContent = sentence;
    status.classList.toggle("nr-live--bad", Boolean(bad));
  };

  // What has the keyboard is found again in the new desk by its name, or by its button's value
  const whereabouts = () => {
    const here = document.activeElement;
    if (!desk.contains(here)) return null;
    if (here.name === "do") return `button[name="do"][value="${here.value}"]`;
    return here.name ? `[name="${here.name}"]` : null;
  };

  const send = (button) => {
    busy = busy.then(() => really(button));
    return busy;
  };

  const really = async (button) => {
    const data = new FormData(form());
    data.set("do", button);
    const place = whereabouts();
    const item = /^(?:up|down):(\d+)$/.exec(button)?.[1];
    desk.setAttribute("aria-busy", "true");
    try {
      const answer = await fetch(window.location.pathname, {
        method: "POST",
        body: data,
        headers: { "X-Requested-With": "XMLHttpRequest", "X-CSRFToken": data.get("csrfmiddlewaretoken") },
      });
      if (answer.redirected || !answer.headers.get("content-type")?.startsWith("text/html")) throw new Error("not the desk");
      const onward = answer.headers.get("X-Onward");
      const html = await answer.text();
      if (!html.includes("data-desk-form")) throw new Error("not the desk");
      const logOpen = desk.querySelector(".nr-log")?.open;
      desk.innerHTML = html;
      if (logOpen) desk.querySelector(".nr-log").open = true;
      dirty = !answer.ok;
      if (onward) {
        dirty = false;
        window.location.assign(onward);
        return;
      }
      const conflict = desk.querySelector("[data-desk-conflict]");
      let focus = conflict || (place && desk.querySelector(place));
      if (focus?.disabled) focus = desk.querySelector(`[data-item="${item}"] button:not([disabled])`);
      focus?.focus({ preventScroll: !conflict });
      if (answer.ok) show();
    } catch {
      say("That did not reach the newsroom; nothing was saved. Please try again.", true);
    } finally {
      desk.removeAttribute("aria-busy");
    }
  };

  desk.addEventListener("submit", (event) => {
    if (event.target !== form()) return;
    event.preventDefault();
    send(event.submitter?.value || "save");
  });
  desk.addEventListener("input", (event) => {
    if (!event.target.closest("[data-desk-form]") || dirty) return;
    dirty = true;
    say("Not saved yet.");
  });
  window.addEventListener("beforeunload", (event) => {
    if (dirty) event.preventDefault();
  });
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key === "s") {
      event.preventDefault();
      send("save");
      return;
    }
    if (event.key === "Enter" && event.target.matches?.("[data-one-line]")) {
      event.preventDefault(); // a headline is one line, however many it takes to show it
      return;
    }
    const item = event.target.closest?.("[data-item]");
    if (!item || !event.altKey || event.ctrlKey || event.metaKey || !["ArrowUp", "ArrowDown"].includes(event.key)) return;
    event.preventDefault();
    send(`${event.key === "ArrowUp" ? "up" : "down"}:${item.dataset.item}`);
  });

  // Only the grip begins a drag: text in the fields is still selected with the mouse
  desk.addEventListener("pointerdown", (event) => {
    const item = event.target.closest("[data-item]");
    if (item) item.draggable = Boolean(event.target.closest("[data-grip]"));
  });
  desk.addEventListener("dragstart", (event) => {
    dragged = event.target.closest?.("[data-item]");
    if (!dragged) return;
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", dragged.dataset.item);
    dragged.classList.add("nr-item--dragged");
  });
  desk.addEventListener("dragover", (event) => {
    const over = event.target.closest?.("[data-item]");
    if (!dragged || !over || over === dragged || over.parentNode !== dragged.parentNode) return;
    event.preventDefault();
    const { top, height } = over.getBoundingClientRect();
    over.parentNode.insertBefore(dragged, event.clientY > top + height / 2 ? over.nextSibling : over);
  });
  desk.addEventListener("drop", (event) => dragged && event.preventDefault());
  desk.addEventListener("dragend", () => {
    if (!dragged) return;
    dragged.classList.remove("nr-item--dragged");
    dragged.draggable = false;
    dragged = null;
    send("save");
  });

  // The preview
  const how = preview?.querySelector("[data-preview-how]");
  // A mail is drawn as wide as it is read, and made smaller where there is less room
  const fit = () => {
    const frame = preview?.querySelector("[data-preview-frame]");
    const inside = frame?.querySelector("iframe");
    if (!inside) return;
    const room = frame.clientWidth - 24;
    const scale = Math.min(1, room / Number(inside.width));
    const tall = Math.max(420, Math.min(720, window.innerHeight * 0.72));
    inside.style.height = `${tall / scale}px`;
    inside.style.transform = scale < 1 ? `scale(${scale})` : "";
    inside.style.margin = scale < 1 ? `0 0 ${tall - tall / scale}px` : "";
  };
  const show = () => {
    if (!how) return;
    const query = new URLSearchParams(new FormData(how));
    const frame = preview.querySelector("[data-preview-frame]");
    const address = `${preview.dataset.address}?${query}`;
    const inside = frame.querySelector("iframe");
    frame.className = `nr-preview__frame nr-preview__frame--${query.get("width")}`;
    inside.width = query.get("width");
    inside.src = address;
    preview.querySelector("[data-preview-alone]").href = address;
    fit();
  };
  fit();
  window.addEventListener("resize", fit);
  how?.addEventListener("change", show);
  how?.addEventListener("submit", (event) => {
    event.preventDefault();
    show();
  });
  document.querySelectorAll("[data-without-script]").forEach((each) => (each.hidden = true));
})();
