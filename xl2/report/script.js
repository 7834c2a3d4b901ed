"use strict";
// Adds to a page that is complete without it: values at the pointer and the keyboard's focus, the
// choice of a lambda, the order of tables, and a copy of the command.
(() => {
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const make = (tag, attributes = {}, text = "") => {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    made.textContent = text;
    return made;
  };
  const number = text => Number((text.match(/[\u2212+-]?\d[\d.]*(e[+-]?\d+)?/i) || ["NaN"])[0].replace("\u2212", "-"));

  // Values of pictures.
  const tip = make("div", { class: "tip", hidden: "" });
  document.body.append(tip);
  const hide = () => { tip.hidden = true; };
  const show = part => {
    tip.textContent = part.dataset.tip;
    tip.hidden = false;
    const at = part.getBoundingClientRect(), own = tip.getBoundingClientRect();
    const left = Math.min(at.left + at.width / 2 - own.width / 2, innerWidth - own.width - 8);
    const above = at.top - own.height - 8;
    tip.style.left = `${Math.max(8, left)}px`;
    tip.style.top = `${above < 8 ? at.bottom + 8 : above}px`;
  };
  const nearest = (parts, event) => {
    let found = null, least = 22;
    for (const part of parts) {
      const at = part.getBoundingClientRect();
      const x = Math.max(at.left - event.clientX, 0, event.clientX - at.right);
      const y = Math.max(at.top - event.clientY, 0, event.clientY - at.bottom);
      const middle = Math.hypot(at.left + at.width / 2 - event.clientX, at.top + at.height / 2 - event.clientY);
      const far = Math.hypot(x, y) + middle / 1000;
      if (far < least) [found, least] = [part, far];
    }
    return found;
  };
  for (const picture of all("svg")) {
    const parts = all("[data-tip]", picture).sort((a, b) => a.dataset.at - b.dataset.at);
    if (!parts.length) continue;
    picture.setAttribute("role", "group"); // an image has no parts that could be focused
    for (const text of all("text", picture)) text.setAttribute("aria-hidden", "true");
    parts.forEach((part, k) => {
      part.setAttribute("role", "img");
      part.setAttribute("aria-label", part.dataset.tip);
      part.setAttribute("tabindex", k ? -1 : 0);
      part.addEventListener("focus", () => show(part));
      part.addEventListener("blur", hide);
    });
    const over = event => {
      const part = nearest(parts, event);
      part ? show(part) : hide();
    };
    picture.addEventListener("pointermove", over);
    picture.addEventListener("pointerdown", over);
    picture.addEventListener("pointerleave", hide);
    picture.addEventListener("click", event => {
      const part = nearest(parts, event);
      if (part) pick(lambdaOf(part));
    });
    picture.addEventListener("keydown", event => {
      const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
      const k = parts.indexOf(document.activeElement);
      if (k < 0 || !(step || ["Home", "End", "Enter", " "].includes(event.key))) return;
      event.preventDefault();
      if (["Enter", " "].includes(event.key)) return pick(lambdaOf(parts[k]));
      const next = step ? Math.min(parts.length - 1, Math.max(0, k + step)) : event.key === "Home" ? 0 : parts.length - 1;
      parts[k].setAttribute("tabindex", -1);
      parts[next].setAttribute("tabindex", 0);
      parts[next].focus();
    });
  }
  addEventListener("keydown", event => event.key === "Escape" && hide());
  addEventListener("scroll", hide, true);

  // The choice of a lambda.
  const rows = all("tr[data-lambda]");
  const says = make("p", { role: "status", class: "picks" });
  const lambdaOf = part => part.closest(".by-lambda") ? /\d+$/.exec(part.closest("[data-part]").dataset.part)?.[0] : null;
  const pick = k => {
    const row = rows.find(one => one.dataset.lambda === k);
    if (!row) return;
    says.textContent = row.dataset.says;
    for (const one of rows) one.classList.toggle("picked", one === row);
    for (const one of all(".lambdas input")) one.checked = one.value === k;
    for (const one of all(".by-lambda")) one.classList.add("picking");
    for (const one of all(".by-lambda [data-part]")) {
      one.classList.toggle("picked", new RegExp(`^(training|validation)-${k}$`).test(one.dataset.part));
    }
  };
  if (rows.length) {
    const choice = make("fieldset", { class: "lambdas" });
    choice.append(make("legend", {}, "Look at lambda"));
    for (const row of rows) {
      const label = make("label", {}, ` ${row.dataset.name}`);
      const radio = make("input", { type: "radio", name: "lambda", value: row.dataset.lambda });
      radio.addEventListener("change", () => pick(radio.value));
      label.prepend(radio);
      choice.append(label);
      row.addEventListener("click", () => pick(row.dataset.lambda));
    }
    const best = rows.find(row => row.classList.contains("best")) ?? rows[0];
    choice.querySelector(`[value="${best.dataset.lambda}"]`).checked = true;
    says.textContent = best.dataset.says;
    const table = rows[0].closest(".scroll");
    table.before(choice, says);
    table.classList.add("choosing");
  }

  // The order of tables. The columns of a matrix follow its rows.
  const sort = (table, head) => {
    const column = head.cellIndex, body = table.tBodies[0];
    const falling = head.getAttribute("aria-sort") === "ascending" ||
      (!head.hasAttribute("aria-sort") && head.dataset.sort === "falling");
    const value = row => row.cells[column].dataset.value ?? row.cells[column].textContent.trim();
    // Names are words, also if each has a number in it.
    const words = !column || head.classList.contains("word");
    const compare = !words && [...body.rows].every(row => !isNaN(number(value(row))))
      ? (a, b) => number(value(a)) - number(value(b))
      : (a, b) => value(a).localeCompare(value(b), undefined, { numeric: true });
    const sorted = [...body.rows].sort((a, b) => falling ? compare(b, a) : compare(a, b));
    for (const one of all("th[aria-sort]", table)) one.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", falling ? "descending" : "ascending");
    body.append(...sorted);
    if (!table.classList.contains("matrix")) return;
    const order = sorted.map(row => row.dataset.class);
    for (const row of all("tr", table)) {
      const cells = new Map(all("[data-class]", row).map(cell => [cell.dataset.class, cell]));
      const last = [...row.cells].find((cell, k) => k && !cell.dataset.class) ?? null;
      for (const k of order) if (cells.has(k)) row.insertBefore(cells.get(k), last);
    }
  };
  for (const head of all("th[data-sort]")) {
    const button = make("button", { type: "button" });
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => sort(head.closest("table"), head));
  }

  // Boxes that scroll are stops of the tab key only where their table does not fit.
  const fits = new ResizeObserver(boxes => {
    for (const { target } of boxes) {
      if (target.scrollWidth > target.clientWidth) target.setAttribute("tabindex", 0);
      else target.removeAttribute("tabindex");
    }
  });
  for (const box of all(".scroll")) fits.observe(box);

  // A copy of the command.
  for (const box of all(".next")) {
    const button = make("button", { type: "button", class: "copy" }, "Copy");
    button.addEventListener("click", async () => {
      const command = box.querySelector("code");
      try {
        await navigator.clipboard.writeText(command.textContent);
        button.textContent = "Copied";
      } catch {
        getSelection().selectAllChildren(command);
        button.textContent = "Selected: press Ctrl+C";
      }
    });
    box.append(button);
  }

  // All of it on paper.
  let closed = [];
  addEventListener("beforeprint", () => {
    closed = all("details:not([open])");
    for (const one of closed) one.open = true;
  });
  addEventListener("afterprint", () => closed.forEach(one => { one.open = false; }));
})();
