// A preview is sent as the form is, and Wagtail takes that for a save: it would no longer warn of what is not saved.
"use strict";
document.addEventListener("submit", (event) => {
  if (!event.submitter?.matches("[data-guide-preview]")) return;
  setTimeout(() => {
    event.target.dataset.wUnsavedConfirmationValue = "true";
  });
});
