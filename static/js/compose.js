// The composer: states of the recipients while typing, chosen files with sizes, drafts saved after 5 s of rest.
// Without JavaScript the same form shows the states after "Save draft" and at Send.

import { watchFiles } from "./files.js";
import { watchRecipients } from "./recipients.js";

const REST = 5_000;
const form = document.querySelector("form.compose");
const status = form.querySelector("[data-draft-status]");
let timer = 0;
let dirty = false;
let leaving = false;

function fields(withFiles) {
  const data = new FormData(form);
  if (!withFiles) data.delete("files");
  data.delete("pin"); // a PIN belongs to Unlock alone, never to a draft
  data.delete("action");
  return data;
}

async function save() {
  dirty = false;
  status.textContent = form.dataset.saving;
  try {
    const answer = await fetch(form.dataset.saveUrl, {
      method: "POST",
      body: fields(false),
      headers: { Accept: "application/json" },
    });
    const saved = await answer.json();
    if (!answer.ok) throw new Error(saved.error || form.dataset.notSaved);
    form.elements.draft.value = saved.id;
    status.textContent = form.dataset.saved + saved.saved_at;
    if (saved.url) window.history.replaceState(null, "", saved.url);
  } catch (error) {
    dirty = true;
    status.textContent = error instanceof TypeError || error instanceof SyntaxError ? form.dataset.notSaved : error.message;
    schedule(4 * REST);
  }
}

function schedule(delay = REST) {
  window.clearTimeout(timer);
  timer = window.setTimeout(() => dirty && !leaving && save(), delay);
}

form.addEventListener("input", (event) => {
  if (event.target.name === "pin" || event.target.type === "file") return;
  dirty = true;
  schedule();
});
form.addEventListener("submit", () => {
  leaving = true;
  window.clearTimeout(timer);
});
window.addEventListener("beforeunload", (event) => {
  if (dirty && !leaving) event.preventDefault();
});

watchFiles(form);
watchRecipients(form);
