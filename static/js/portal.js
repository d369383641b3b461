// Every page: the key chip counts down, menus close, dialogs become modal, copy buttons copy, a taken file
// ends a refusal.
// Everything here has a form or a link that does the same without JavaScript.

document.documentElement.classList.add("scripted");

function countDown(chip) {
  const time = chip.querySelector("[data-seconds-left]");
  const words = chip.querySelector("[data-keychip-words]");
  const ends = Date.now() + 1000 * Number(time.dataset.secondsLeft);
  const tick = () => {
    const left = Math.max(0, Math.round((ends - Date.now()) / 1000));
    time.textContent = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
    if (left > 0) {
      window.setTimeout(tick, 1000);
      return;
    }
    words.textContent = words.dataset.locked;
    time.textContent = "";
    chip.open = false;
    chip.querySelector(".keychip").classList.remove("keychip--open");
  };
  tick();
}

function closeMenus(event) {
  for (const menu of document.querySelectorAll("details.menu[open], details.bottombar__more[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
}

function closeMenusByKey(event) {
  if (event.key !== "Escape") return;
  for (const menu of document.querySelectorAll("details.menu[open], details.bottombar__more[open]")) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
}

function makeModal(dialog) {
  dialog.close();
  dialog.showModal();
  for (const button of dialog.querySelectorAll("[data-close]")) {
    button.addEventListener("click", (event) => {
      event.preventDefault();
      dialog.close();
    });
  }
}

function offerCopy(button) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    const source = document.getElementById(button.dataset.copy);
    try {
      await navigator.clipboard.writeText(source.textContent.trim());
      button.querySelector("span").textContent = button.dataset.done;
    } catch {
      window.getSelection().selectAllChildren(source);
    }
  });
}

// A form that is answered with a file leaves its page standing: what an earlier answer said about it is over.
function forgetRefusal(event) {
  for (const said of event.target.querySelectorAll("[role=alert]")) said.remove();
  for (const row of event.target.querySelectorAll(".fieldrow--bad")) row.classList.remove("fieldrow--bad");
  for (const input of event.target.querySelectorAll("[aria-invalid]")) input.removeAttribute("aria-invalid");
}

for (const form of document.querySelectorAll("form[data-download]")) form.addEventListener("submit", forgetRefusal);
for (const chip of document.querySelectorAll("[data-keychip]")) countDown(chip);
for (const dialog of document.querySelectorAll("dialog[data-modal][open]")) makeModal(dialog);
for (const button of document.querySelectorAll("[data-copy]")) offerCopy(button);
for (const toast of document.querySelectorAll("[data-toast]")) {
  if (!toast.querySelector("a")) window.setTimeout(() => toast.remove(), 6000);
}
document.addEventListener("click", closeMenus);
document.addEventListener("keydown", closeMenusByKey);
