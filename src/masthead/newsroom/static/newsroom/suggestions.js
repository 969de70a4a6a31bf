// Topics found in the text: a click ticks the box in the open form. Without this script a link leads to a page of forms.
"use strict";
(() => {
  const begin = () => {
    const root = document.querySelector("[data-found]");
    if (!root || root.dataset.begun) return;
    root.dataset.begun = "yes";
    const list = root.querySelector("[data-found-list]");
    const status = root.querySelector("[data-found-status]");
    const box = (topic) => document.querySelector(`input[type=checkbox][name="topics"][value="${topic}"]`);
    const address = (end) => root.dataset.pattern.replace("/0/", `/${root.dataset.article}/`) + end;

    const show = () => {
      root.querySelector("[data-found-plain]").hidden = Boolean(root.dataset.article);
      list.hidden = !root.dataset.article;
    };

    const say = (sentence) => {
      status.textContent = sentence;
    };

    // The keyboard goes on where it was: to the next offer, or to the sentence that says what happened
    const remove = (item) => {
      const next = item.nextElementSibling || item.previousElementSibling;
      item.remove();
      if (next) next.querySelector("button").focus();
      else {
        status.tabIndex = -1;
        status.focus();
      }
    };

    const accept = (item) => {
      const field = box(item.dataset.topic);
      if (!field) return say(`${item.dataset.name} is not among the boxes yet. Please load the page again.`);
      if (!field.checked) field.click();
      // Wagtail takes what stands in the form two seconds after it opened for what is saved already: say that it is not
      if (field.form) field.form.dataset.wUnsavedForceValue = "true";
      say(`${item.dataset.name} is ticked. It is kept when the draft is saved.`);
      remove(item);
    };

    const dismiss = async (item) => {
      const data = new FormData();
      data.set("dismiss", item.dataset.topic);
      try {
        const answer = await fetch(address("answer/"), {
          method: "POST",
          body: data,
          headers: {
            "X-Requested-With": "XMLHttpRequest",
            "X-CSRFToken": document.querySelector("[name=csrfmiddlewaretoken]").value,
          },
        });
        const told = await answer.json();
        say(told.sentence);
        if (told.done) remove(item);
      } catch {
        say("That did not reach the newsroom. Please try again.");
      }
    };

    list.addEventListener("click", (event) => {
      const item = event.target.closest("[data-topic]");
      if (!item) return;
      if (event.target.closest("[data-found-accept]")) accept(item);
      else if (event.target.closest("[data-found-dismiss]")) dismiss(item);
    });

    // A draft is saved while one writes: ask anew, but take nothing away from under somebody's hand
    document.addEventListener("w-autosave:success", async (event) => {
      root.dataset.article ||= event.detail?.data?.pk || "";
      if (!root.dataset.article) return;
      const answer = await fetch(address("?list"));
      if (!answer.ok || list.contains(document.activeElement)) return;
      list.innerHTML = await answer.text();
      list.querySelectorAll("[data-topic]").forEach((item) => box(item.dataset.topic)?.checked && item.remove());
      show();
    });

    show();
  };
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", begin);
  else begin();
})();
