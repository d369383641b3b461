// Chosen files as a list with sizes and a way to take one back. Built node by node: no HTML is parsed.

export function humanSize(octets) {
  if (octets < 1000) return `${octets} B`;
  if (octets < 999_500) return `${Math.round(octets / 1000)} kB`;
  return `${(octets / 1_000_000).toFixed(1)} MB`;
}

export function symbol(name) {
  const sample = document.querySelector("template[data-icons]").content;
  const use = [...sample.querySelectorAll("use")].find((use) => use.getAttribute("href").endsWith(`#${name}`));
  return use.parentNode.cloneNode(true);
}

function without(input, index) {
  const rest = new DataTransfer();
  [...input.files].forEach((file, position) => position !== index && rest.items.add(file));
  input.files = rest.files;
}

function line(input, file, index, words, redraw) {
  const item = document.createElement("li");
  const name = document.createElement("span");
  const size = document.createElement("span");
  size.className = "faint";
  size.textContent = humanSize(file.size);
  name.append(`${file.name} `, size);
  const remove = document.createElement("button");
  remove.type = "button";
  remove.className = "btn btn--icon rcpt__x";
  remove.setAttribute("aria-label", `${words} ${file.name}`);
  remove.append(symbol("x"));
  remove.addEventListener("click", () => {
    without(input, index);
    redraw();
  });
  item.append(symbol("file"), name, remove);
  return item;
}

export function watchFiles(form) {
  const input = form.querySelector("[data-files]");
  const list = form.querySelector("[data-chosen]");
  const problem = form.querySelector("[data-files-error]");
  const limit = Number(form.dataset.limit);
  let kept = []; // a second choice adds to the first instead of replacing it

  const draw = () => {
    const files = [...input.files];
    kept = files;
    list.replaceChildren(...files.map((file, index) => line(input, file, index, form.dataset.remove, draw)));
    list.hidden = files.length === 0;
    const tooBig = files.reduce((sum, file) => sum + file.size, 0) > limit;
    problem.hidden = !tooBig;
    if (tooBig) problem.querySelector("span").textContent = form.dataset.tooBig;
  };

  input.addEventListener("change", () => {
    const all = new DataTransfer();
    for (const file of [...kept, ...input.files]) all.items.add(file);
    input.files = all.files;
    draw();
  });
  draw();
}
