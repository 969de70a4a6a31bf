// The library while somebody types: results at once, and what the words may become. Without it the form does the same.
(() => {
  "use strict";
  const form = document.getElementById("library-form");
  const field = form?.elements.q;
  const found = document.getElementById("found");
  const held = document.getElementById("held");
  const announce = document.getElementById("announce");
  if (!field || !found || !window.AbortController) return;

  // --- results

  const query = () => {
    const pairs = [...new FormData(form)].filter(([name, value]) => value.trim() && name !== "typing");
    return new URLSearchParams(pairs).toString();
  };
  let shown = query();
  let here = location.search;
  let asked = null;
  let timer = 0;
  let settled = true; // what was typed since the field was entered is one step of the way back, whatever it was letter by letter

  // Shows the search `wanted`. `how`: "typed", "back" (by the browser's buttons), or "again" (while the library is prepared).
  const show = async (wanted, how) => {
    // also where what is shown is wanted again: the answer on its way is to what stands there no more
    asked?.abort();
    asked = null;
    found.removeAttribute("aria-busy");
    if (wanted === shown && how !== "again") return;
    const mine = (asked = new AbortController());
    if (how !== "again") found.setAttribute("aria-busy", "true");
    try {
      const typing = how === "typed" ? "&typing=1" : "";
      const answer = await fetch(`/library/?${wanted}${typing}`, { signal: mine.signal, credentials: "same-origin" });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const region = page.getElementById("found");
      if (!region || mine !== asked) return;
      // what was opened stays open
      const open = [".facets", ".when", ".as-list"].filter((name) => found.querySelector(name)?.open);
      found.replaceChildren(...region.childNodes);
      for (const name of open) found.querySelector(name)?.setAttribute("open", "");
      held.replaceChildren(...page.getElementById("held").childNodes);
      if (how === "back") field.value = page.getElementById("q").value;
      shown = wanted;
      document.title = page.title;
      if (how === "typed") {
        history[settled ? "pushState" : "replaceState"](null, "", wanted ? `/library/?${wanted}` : "/library/");
        here = location.search;
        settled = false;
      }
      if (how !== "again" || answer.ok) announce.textContent = found.querySelector("#count")?.textContent.trim() ?? "";
      waitUntilReady();
    } catch {
      // superseded, or no connection: the button still works
    } finally {
      if (mine === asked) found.removeAttribute("aria-busy");
    }
  };
  const soon = (wait) => {
    clearTimeout(timer);
    timer = setTimeout(() => show(query(), "typed"), wait);
  };
  const waitUntilReady = () => {
    if (!found.querySelector(".preparing")) return;
    clearTimeout(timer);
    timer = setTimeout(() => show(shown, "again"), 5000);
  };
  waitUntilReady();
  addEventListener("popstate", () => {
    if (location.search === here) return; // within the page, to its results
    here = location.search;
    clearTimeout(timer);
    settled = true;
    show(here.slice(1), "back");
  });
  field.addEventListener("blur", () => {
    settled = true;
  });

  // --- what the words may become

  const list = document.createElement("ul");
  list.id = "offers";
  list.className = "offers";
  list.hidden = true;
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", "Suggestions");
  field.after(list);
  for (const [name, value] of [["role", "combobox"], ["aria-autocomplete", "list"], ["aria-expanded", "false"], ["aria-controls", "offers"]]) {
    field.setAttribute(name, value);
  }
  const known = new Map();
  let at = -1;
  let wait = 0;

  const close = () => {
    list.hidden = true;
    at = -1;
    field.setAttribute("aria-expanded", "false");
    field.removeAttribute("aria-activedescendant");
  };
  const move = (to) => {
    const options = [...list.children];
    at = to < -1 ? options.length - 1 : to >= options.length ? -1 : to;
    options.forEach((option, n) => option.setAttribute("aria-selected", String(n === at)));
    if (at < 0) {
      field.removeAttribute("aria-activedescendant");
    } else {
      field.setAttribute("aria-activedescendant", options[at].id);
      options[at].scrollIntoView({ block: "nearest" });
    }
  };
  const take = (option) => {
    close();
    if (option.dataset.kind) {
      location.assign(option.dataset.address);
    } else {
      field.value = option.dataset.text;
      form.requestSubmit();
    }
  };
  const offer = ([text, texts, kinds, addresses]) => {
    if (text !== field.value.trim() || document.activeElement !== field) return;
    list.replaceChildren(
      ...texts.map((its, n) => {
        const option = document.createElement("li");
        option.id = `offer-${n}`;
        option.setAttribute("role", "option");
        option.setAttribute("aria-selected", "false");
        option.append(its);
        if (kinds[n]) option.append(Object.assign(document.createElement("span"), { textContent: kinds[n] }));
        Object.assign(option.dataset, { text: its, kind: kinds[n], address: new URL(addresses[n]).pathname });
        return option;
      }),
    );
    at = -1;
    list.hidden = !texts.length;
    field.setAttribute("aria-expanded", String(!list.hidden));
  };
  const complete = async () => {
    const text = field.value;
    if (text.trim().length < 2) return close();
    try {
      if (!known.has(text)) {
        const answer = await fetch(`/library/suggest.json?q=${encodeURIComponent(text)}`, { credentials: "same-origin" });
        if (!answer.ok) return close();
        known.set(text, await answer.json());
      }
      if (text === field.value) offer(known.get(text));
    } catch {
      close();
    }
  };

  field.addEventListener("input", (event) => {
    if (event.isComposing) return;
    soon(180);
    clearTimeout(wait);
    wait = setTimeout(complete, 90);
  });
  field.addEventListener("compositionend", () => soon(180));
  field.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      if (list.hidden) {
        complete();
      } else {
        move(at + (event.key === "ArrowDown" ? 1 : -1));
      }
      event.preventDefault();
    } else if (event.key === "Escape" && !list.hidden) {
      close();
      event.preventDefault();
    } else if (event.key === "Enter" && !list.hidden && at >= 0) {
      take(list.children[at]);
      event.preventDefault();
    }
  });
  field.addEventListener("blur", () => setTimeout(close, 150));
  list.addEventListener("pointerdown", (event) => event.preventDefault()); // the field keeps the focus
  list.addEventListener("click", (event) => {
    const option = event.target.closest("li");
    if (option) take(option);
  });
  form.addEventListener("submit", () => {
    clearTimeout(timer);
    clearTimeout(wait);
    close();
  });
})();
