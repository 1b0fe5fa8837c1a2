// The frame: keys, dialogs, menus, toasts, theme. Every action here also works without this script.
(() => {
  "use strict";
  const body = document.body;
  const typing = (node) => node.closest("input, textarea, select, [contenteditable], dialog[open]") !== null;

  // Keys -----------------------------------------------------------------------------------------
  let going = 0;
  const follow = (node) => {
    if (node.matches("input, textarea, select")) {
      node.focus();
      node.select?.();
    } else node.click();
  };
  const rows = () =>
    [...document.querySelectorAll("[data-row], .tbl tbody tr, .work > li")]
      .map((row) => row.querySelector("a.t, a.nm, a"))
      .filter((link, at, all) => link && all.indexOf(link) === at);
  const step = (by) => {
    const all = rows();
    const at = all.indexOf(document.activeElement);
    all[Math.min(Math.max(at + by, 0), all.length - 1)]?.focus();
  };
  const single = (key, event) => {
    if (Date.now() - going < 1500) {
      going = 0;
      const target = document.querySelector(`[data-go="${CSS.escape(key)}"]`);
      if (target) target.click();
      return Boolean(target);
    }
    if (key === "g") going = Date.now();
    else if (key === "?") document.getElementById("keys")?.showModal();
    else if (key === "j") step(1);
    else if (key === "k") step(-1);
    else {
      const seen = [...document.querySelectorAll(`[data-key="${CSS.escape(key)}"]`)];
      const target = seen.find((node) => node.offsetParent !== null) ?? seen[0];
      if (!target) return false;
      follow(target);
    }
    return true;
  };
  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.target.closest("form")?.requestSubmit();
      return;
    }
    if (event.key === "Escape") document.querySelectorAll("details[open][data-menu], details.me[open]").forEach(shut);
    if (body.dataset.keys !== "on" || event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    if (single(event.key.toLowerCase(), event)) event.preventDefault();
  });

  // Tabs that do not fit: the current one stands in sight -------------------------------------------------
  const centre = () =>
    document.querySelectorAll(".tabs [aria-current]").forEach((tab) => {
      const list = tab.closest(".tabs");
      if (list.scrollWidth <= list.clientWidth) return;
      const [inside, outside] = [tab.getBoundingClientRect(), list.getBoundingClientRect()];
      list.scrollLeft += inside.left - outside.left - (outside.width - inside.width) / 2;
    });
  document.addEventListener("htmx:afterSettle", centre);
  centre();

  // Menus: a click elsewhere closes them ------------------------------------------------------------
  const shut = (menu) => {
    const inside = menu.contains(document.activeElement);
    menu.open = false;
    if (inside) menu.querySelector("summary").focus();
  };
  document.addEventListener("click", (event) => {
    document.querySelectorAll("details[open][data-menu], details.me[open]").forEach((menu) => {
      if (!menu.contains(event.target)) menu.open = false;
    });
  });

  // Writes on their way: whatever leads on waits for them, so that it shows and sends what they wrote. When one is
  // refused, the page stays where it says so.
  const writes = new Set();
  document.addEventListener("htmx:beforeSend", (event) => {
    const { xhr, requestConfig } = event.detail;
    if (requestConfig.verb === "get") return;
    const write = new Promise((resolve) => {
      xhr.addEventListener("loadend", () => resolve(xhr.status >= 200 && xhr.status < 400));
    });
    writes.add(write);
    write.then(() => writes.delete(write));
  });
  const written = async () => {
    let good = true;
    while (writes.size) good = (await Promise.all(writes)).every(Boolean) && good;
    return good;
  };
  document.addEventListener(
    "submit",
    (event) => {
      const form = event.target;
      if (!writes.size || form.hasAttribute("hx-post")) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      const { submitter } = event;
      written().then((good) => good && form.requestSubmit(submitter));
    },
    true,
  );
  document.addEventListener("htmx:afterSwap", () => {
    document.querySelectorAll("form [data-unfold]").forEach((part) => {
      part.closest("form").querySelector("details")?.setAttribute("open", "");
    });
  });

  // Dialogs: <a data-dialog href> loads a form into the page's dialog; [data-open=id] opens one that is there ---
  const sheet = () => {
    let box = document.getElementById("sheet");
    if (!box) {
      box = document.createElement("dialog");
      box.id = "sheet";
      box.className = "dlg";
      document.body.append(box);
      box.addEventListener("close", () => box.replaceChildren());
    }
    return box;
  };
  const load = async (url) => {
    if (!(await written())) return;
    const box = sheet();
    const opener = document.activeElement;
    await htmx.ajax("GET", url, { target: box, swap: "innerHTML", headers: { "X-Dialog": "1" } });
    if (!box.childElementCount) return;
    const title = box.querySelector("h1, h2");
    if (title) {
      title.id ||= "sheet-h";
      box.setAttribute("aria-labelledby", title.id);
    }
    if (!box.open) box.showModal();
    (box.querySelector("[autofocus]") ?? box.querySelector("input:not([type=hidden]), textarea, select"))?.focus();
    box.addEventListener("close", () => opener?.focus?.(), { once: true });
  };
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-dialog]");
    if (link && window.htmx && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
      event.preventDefault();
      load(link.href);
    }
    const opener = event.target.closest("[data-open]");
    if (opener) {
      const box = document.getElementById(opener.dataset.open);
      if (box?.showModal) {
        event.preventDefault();
        box.showModal();
      }
    }
    const closer = event.target.closest("[data-close]");
    if (closer) {
      event.preventDefault();
      (closer.closest("[data-toast]") ?? { remove: () => closer.closest("dialog")?.close() }).remove();
    }
    if (event.target.matches("dialog.dlg")) event.target.close();
  });
  document.addEventListener("close-dialog", () =>
    document.querySelectorAll("dialog[open]").forEach((box) => box.close()),
  );

  // Toasts: one live region; an error stays, everything else leaves after six seconds unless pointed at -------
  const SHOWN = 6000;
  const arm = (toast) => {
    if (toast.dataset.armed || toast.matches(".t-error, .t-bad, .t-warning")) return;
    toast.dataset.armed = "1";
    const leave = () => (toast.matches(":hover, :focus-within") ? setTimeout(leave, 2000) : toast.remove());
    setTimeout(leave, SHOWN);
  };
  const shelf = document.getElementById("toasts");
  if (shelf) {
    shelf.querySelectorAll("[data-toast]").forEach(arm);
    new MutationObserver(() => shelf.querySelectorAll("[data-toast]").forEach(arm)).observe(shelf, { childList: true });
  }
})();
