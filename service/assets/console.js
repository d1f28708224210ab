// What pages can do more with a script: copy, keys, theme, drag and drop. Everything here is also a link or a form.
(() => {
  "use strict";
  const one = (selector, within = document) => within.querySelector(selector);
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const unwritten = ["checkbox", "radio", "button", "submit", "reset", "file", "color", "range"];
  /* A field that takes letters; a box that is ticked takes none. */
  const typing = (node) => {
    const field = node.closest?.("input, textarea, select, [contenteditable]");
    return field && !(field.matches("input") && unwritten.includes(field.type));
  };

  /* One sentence in the corner; spoken politely. An error stays. */
  function say(text, stays) {
    const toast = document.createElement("p");
    toast.className = "toast";
    toast.tabIndex = -1;
    toast.textContent = text;
    one(".toasts")?.append(toast);
    if (stays) return;
    const leave = () => (toast.matches(":focus, :hover") ? setTimeout(leave, 2000) : toast.remove());
    setTimeout(leave, 6000);
  }

  /* Copy takes the whole value and says so for two seconds. */
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy], [data-copy-from]");
    if (!button) return;
    const from = button.dataset.copyFrom;
    const text = from ? one(from).textContent : button.dataset.copy;
    try {
      await navigator.clipboard.writeText(text);
      button.classList.add("copied");
      say("Copied");
      setTimeout(() => button.classList.remove("copied"), 2000);
    } catch {
      say("The browser did not allow copying. Select the text and copy it by hand.", true);
    }
  });

  /* Theme: what the system does not say already is remembered. */
  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-theme-switch]")) return;
    event.preventDefault();
    const root = document.documentElement;
    const system = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
    const next = (root.dataset.theme || system) === "dark" ? "light" : "dark";
    if (next === system) delete root.dataset.theme;
    else root.dataset.theme = next;
    const secure = location.protocol === "https:" ? "; Secure" : "";
    document.cookie = `tamis_theme=${next === system ? "system" : next}; Path=/; Max-Age=31536000; SameSite=Lax${secure}`;
  });

  /* Menus close when one looks away. */
  document.addEventListener("click", (event) => {
    for (const menu of all("details.menu[open]")) if (!menu.contains(event.target)) menu.open = false;
  });

  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-submits]")) event.target.form.requestSubmit();
    const shown = event.target.closest("[data-shows]");
    const fills = event.target.closest("[data-fills]");
    const filled = fills && document.getElementById(fills.dataset.fills);
    const words = fills?.selectedOptions[0]?.dataset.text;
    if (filled && words) filled.value = words;
    if (shown) for (const part of all("[data-for]", shown.form)) part.hidden = part.dataset.for !== shown.value;
  });

  /* Dialogs: what repeats an act before it is done. */
  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-dialog]");
    const dialog = opener && document.getElementById(opener.dataset.dialog);
    if (dialog) {
      event.preventDefault();
      dialog.showModal();
    }
    if (event.target.closest("[data-close]")) {
      event.preventDefault();
      event.target.closest("dialog").close();
    }
  });
  for (const dialog of all("dialog[open]")) {
    dialog.open = false;
    dialog.showModal();
  }

  /* Ticks are kept one after the other and without leaving the page, whose unsent words would be lost. */
  let kept = Promise.resolve();
  document.addEventListener("change", (event) => {
    const [box, form] = [event.target, event.target.closest("form[data-keeps]")];
    if (form) kept = kept.then(() => keep(form, box));
  });
  async function keep(form, box) {
    const body = new URLSearchParams(new FormData(form));
    const reply = await fetch(form.action, { method: "POST", body, headers: { "hx-request": "true" } }).catch(() => null);
    if (reply?.ok) return;
    box.checked = !box.checked;
    say("The tick was not kept. Load the page again.", true);
  }

  /* A button is pressed once. */
  document.addEventListener("submit", (event) => {
    const button = event.submitter;
    if (!button || !button.dataset.busy) return;
    const label = [...button.childNodes];
    setTimeout(() => {
      button.textContent = button.dataset.busy;
      button.disabled = true;
    });
    /* Whoever comes back to the page finds it as it was. */
    window.addEventListener("pagehide", () => {
      button.replaceChildren(...label);
      button.disabled = false;
    }, { once: true });
  });

  /* Keys, off while somebody types. */
  let first = "";
  const here = () => one("[data-row].here");
  function move(step) {
    const rows = all("[data-row]");
    if (!rows.length) return;
    const at = rows.indexOf(here());
    const row = rows[Math.min(rows.length - 1, Math.max(0, at < 0 ? 0 : at + step))];
    here()?.classList.remove("here");
    row.classList.add("here");
    const link = one("a[href]", row);
    link?.focus({ preventScroll: true });
    row.scrollIntoView({ block: "nearest" });
  }
  const press = (selector) => one(selector)?.click();
  const keys = {
    j: () => move(1),
    k: () => move(-1),
    o: () => here() && one("a[href]", here())?.click(),
    x: () => here() && one("[data-pick]", here())?.click(),
    v: () => press('[data-view]:not([aria-current])'),
    "/": () => (one("[data-main-search]") || one("#find"))?.focus(),
    "[": () => tab(-1),
    "]": () => tab(1),
    n: () => finding(1),
    p: () => finding(-1),
    "?": () => document.getElementById("keys")?.showModal(),
  };
  function finding(step) {
    const found = all("[data-finding], .finding");
    if (!found.length) return;
    const at = found.indexOf(document.activeElement);
    const next = found[(at + step + found.length) % found.length] || found[0];
    next.tabIndex = -1;
    next.focus();
    next.scrollIntoView({ block: "center" });
  }
  function tab(step) {
    const tabs = all(".tabs a");
    const at = tabs.findIndex((link) => link.hasAttribute("aria-current"));
    tabs[at + step]?.click();
  }
  /* A row of tabs that is wider than the screen shows the one that is open. */
  for (const tabs of all(".tabs")) {
    const right = (node) => node?.getBoundingClientRect().right ?? 0;
    tabs.scrollLeft += Math.max(0, right(one("[aria-current]", tabs)) - right(tabs));
  }
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      for (const menu of all("details.menu[open]")) {
        menu.open = false;
        one("summary", menu).focus();
      }
      const field = event.target;
      if (field.matches?.("input[type=search]")) {
        event.preventDefault();
        if (!field.value) return field.blur();
        field.value = "";
        field.dispatchEvent(new Event("input", { bubbles: true }));
      }
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target) || one("dialog[open]")) return;
    /* All that follows is one character: off for whom it does more harm than good. */
    if (document.documentElement.dataset.keys === "off") return;
    if (first === "g") {
      first = "";
      const place = { q: "/reviews", c: "/catalog", m: "/my" }[event.key];
      /* Only where the bar leads as well: who has not signed in has no queue. */
      if (place && one(`.places a[href="${place}"]`)) location.assign(place);
      return;
    }
    if (event.key === "g") {
      first = "g";
      setTimeout(() => (first = ""), 1000);
      return;
    }
    const field = one(`[data-key-focus="${CSS.escape(event.key)}"]`);
    if (field) {
      event.preventDefault();
      field.focus();
      return;
    }
    const own = one(`[data-key="${CSS.escape(event.key)}"]`);
    if (own) {
      event.preventDefault();
      own.click();
    } else if (keys[event.key]) {
      event.preventDefault();
      keys[event.key]();
    }
  });

  /* Who looks at a review is there: others see it, and what one has taken stays one's own. */
  const review = location.pathname.match(/^\/reviews\/[0-9a-f-]{36}$/);
  if (review) {
    const there = () => document.hidden || fetch(`/api/v1${location.pathname}/presence`, { method: "POST" }).catch(() => {});
    there();
    setInterval(there, 60000);
  }
  /* What runs is followed until it has ended; never under a hand that types. */
  if (one("[data-follow]")) {
    const follow = setInterval(() => {
      const unsent = all("textarea").some((field) => field.value !== field.defaultValue);
      if (typing(document.activeElement) || unsent || one("dialog[open]")) return;
      clearInterval(follow);
      location.reload();
    }, 2000);
  }

  /* Uploads: drop anywhere on the page, progress by bytes, cancel; the report appears in place. */
  const form = one("form[data-upload]");
  if (form) uploads(form);

  function uploads(form) {
    const file = one("input[type=file]", form);
    const drop = one(".drop");
    let depth = 0;
    const over = (is) => drop?.classList.toggle("over", is);
    const carries = (event) => event.dataTransfer?.types.includes("Files");
    document.addEventListener("dragenter", (event) => carries(event) && ++depth && over(true));
    document.addEventListener("dragleave", (event) => carries(event) && --depth === 0 && over(false));
    document.addEventListener("dragover", (event) => carries(event) && event.preventDefault());
    document.addEventListener("drop", (event) => {
      if (!carries(event)) return;
      event.preventDefault();
      depth = 0;
      over(false);
      file.files = event.dataTransfer.files;
      file.dispatchEvent(new Event("change", { bubbles: true }));
    });
    file.addEventListener("change", () => {
      const chosen = file.files[0];
      if (!chosen) return;
      const name = one("[name=filter]", form);
      if (name && !name.value) name.value = chosen.name.replace(/\.wasm$/, "").toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-|-$/g, "");
      const told = one("[data-chosen]", form);
      if (told) told.textContent = `${chosen.name}, ${(chosen.size / 1024).toFixed(0)} KiB`;
      all("input:invalid", form)[0]?.focus();
    });
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      send(form);
    });
  }

  function send(form) {
    const bar = one("[data-progress]", form);
    const done = one("rect.done", bar);
    const words = one("[data-words]", bar);
    const button = one("button.primary", form);
    const request = new XMLHttpRequest();
    const kib = (n) => `${Math.round(n / 1024)} KiB`;
    bar.hidden = false;
    button.disabled = true;
    request.upload.addEventListener("progress", (event) => {
      if (!event.lengthComputable) return;
      done.setAttribute("width", `${(event.loaded / event.total) * 100}%`);
      words.textContent = event.loaded < event.total ? `Sending ${kib(event.loaded)} of ${kib(event.total)}` : "Checking what arrived";
    });
    const stop = (text) => {
      bar.hidden = true;
      button.disabled = false;
      if (text) say(text, true);
    };
    request.addEventListener("abort", () => stop("Stopped. Nothing was stored."));
    request.addEventListener("error", () => stop("The connection broke. Nothing was stored; try again."));
    request.addEventListener("load", () => {
      if (request.status < 400 && request.responseURL !== form.action) return location.assign(request.responseURL);
      const page = new DOMParser().parseFromString(request.responseText, "text/html");
      const fresh = one("main", page);
      if (!fresh) return stop("The answer could not be read. Load the page again.");
      one("main").replaceWith(fresh);
      document.title = page.title;
      fresh.focus();
      scrollTo(0, 0);
      const again = one("form[data-upload]");
      if (again) uploads(again);
    });
    one("[data-stop]", bar).onclick = () => request.abort();
    request.open("POST", form.action);
    request.setRequestHeader("accept", "text/html");
    request.send(new FormData(form));
  }
})();
