// While the issuer or the list of a letter is being asked for, the page looks again; the server ends that after 30 s.

const PERIOD = 2_500;

function again() {
  window.setTimeout(() => {
    if (document.hidden) document.addEventListener("visibilitychange", again, { once: true });
    else window.location.reload();
  }, PERIOD);
}

if (document.querySelector(".seal--checking")) again();
