// Asks for the state of every recipient shortly after typing stops and draws the same pills as the server.

import { symbol } from "./files.js";

const PAUSE = 400;
const MARKS = {
  ready: ["ready", "ok"],
  soon: ["soon", "seal-time"],
  unknown: ["soon", "seal-unknown"],
  missing: ["missing", "fail"],
  weak: ["weak", "lock-weak"],
  policy: ["policy", "policy"],
  revoked: ["missing", "seal-revoked"],
  expired: ["missing", "seal-time"],
  untrusted: ["missing", "seal-untrusted"],
  invalid: ["missing", "seal-invalid"],
};

function pill(recipient) {
  const [tone, glyph] = MARKS[recipient.state] || MARKS.missing;
  const whole = document.createElement("span");
  whole.className = `rcpt rcpt--${tone}`;
  whole.dataset.state = recipient.state;
  whole.title = recipient.address;
  const name = document.createElement("b");
  name.textContent = recipient.name || recipient.address;
  const reason = document.createElement("span");
  reason.textContent = recipient.reason;
  whole.append(symbol(glyph), name, reason);
  return whole;
}

const LOCKS = { ok: "lock-ok", warn: "lock-weak", bad: "lock-fail" };

function showAlgorithm(line, text, tone) {
  line.hidden = !text;
  line.querySelector("span").textContent = text || "";
  const drawn = symbol(LOCKS[tone] || LOCKS.ok);
  drawn.classList.add(`tone-${LOCKS[tone] ? tone : "ok"}`);
  line.querySelector("svg").replaceWith(drawn);
}

function show(form, answer) {
  for (const place of form.querySelectorAll("[data-pills]")) {
    const mine = answer.recipients.filter((recipient) => recipient.field === place.dataset.pills);
    place.replaceChildren(...mine.map(pill));
  }
  showAlgorithm(form.querySelector("[data-algorithm]"), answer.algorithm, answer.tone);
  if (answer.send_label) form.querySelector("[data-send-label]").textContent = answer.send_label;
}

export function watchRecipients(form) {
  const watched = new Set(["to", "cc", "bcc", "sign", "encrypt"]);
  let timer = 0;
  let asked = 0;

  const ask = async () => {
    const mine = ++asked;
    const data = new FormData();
    const all = new FormData(form);
    for (const name of ["csrfmiddlewaretoken", ...watched]) {
      for (const value of all.getAll(name)) data.append(name, value);
    }
    try {
      const answer = await fetch(form.dataset.recipientsUrl, {
        method: "POST",
        body: data,
        headers: { Accept: "application/json" },
      });
      if (answer.ok && mine === asked) show(form, await answer.json());
    } catch {
      // The line is down: the states stay as they were, and Send judges every recipient again on the server.
    }
  };

  form.addEventListener("input", (event) => {
    if (!watched.has(event.target.name)) return;
    if (event.target.name === "encrypt") {
      form.querySelector("[data-subject-note]").hidden = !event.target.checked;
    }
    window.clearTimeout(timer);
    timer = window.setTimeout(ask, PAUSE);
  });
  if (form.elements.to.value) ask();
}
