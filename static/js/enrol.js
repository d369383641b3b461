// While certificates are being issued the page asks every second and goes on by itself when they are there.

const waiting = document.querySelector("[data-status-url]");

async function ask() {
  try {
    const answer = await fetch(waiting.dataset.statusUrl, { headers: { Accept: "application/json" } });
    const { state, url } = await answer.json();
    if (state !== "working") {
      window.location.assign(url || window.location.href);
      return;
    }
  } catch {
    // Asked again below; the page also has a plain link that does the same.
  }
  window.setTimeout(ask, 1000);
}

if (waiting) window.setTimeout(ask, 800);
