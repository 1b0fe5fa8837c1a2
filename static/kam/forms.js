// Forms lose nothing: what was typed is kept on this device, by person and page, until it is accepted or the person
// signs out; errors take the focus; an ended session or a lost line is said, and what was typed stays.
(() => {
  "use strict";
  const user = document.body.dataset.user;
  const PREFIX = "kam-form";
  const key = (form) => `${PREFIX}:${user}:${location.pathname}:${form.id || form.getAttribute("action") || ""}`;
  const kept = (form) => form.matches("[data-keep]");
  const fields = (form) =>
    [...form.elements].filter(
      (field) =>
        field.name &&
        !/^(hidden|password|file|submit|button)$/.test(field.type) &&
        !("passing" in field.dataset) &&
        field.name !== "csrfmiddlewaretoken",
    );
  const store = {
    read: (name) => {
      try {
        return JSON.parse(localStorage.getItem(name));
      } catch {
        return null;
      }
    },
    write: (name, value) => {
      try {
        localStorage.setItem(name, JSON.stringify(value));
      } catch {
        // A full or forbidden store: the draft on the server remains.
      }
    },
    drop: (name) => {
      try {
        localStorage.removeItem(name);
      } catch {
        // As above.
      }
    },
  };
  const value = (field) => (field.type === "checkbox" || field.type === "radio" ? field.checked : field.value);
  const initial = (field) => {
    if (field.type === "checkbox" || field.type === "radio") return field.defaultChecked;
    if (field.tagName === "SELECT")
      return [...field.options].find((option) => option.defaultSelected)?.value ?? field.options[0]?.value ?? "";
    return field.defaultValue;
  };
  const slot = (field) =>
    field.type === "radio" || field.type === "checkbox" ? `${field.name}=${field.value}` : field.name;
  const changed = (form) => fields(form).filter((field) => value(field) !== initial(field));

  // Toasts -----------------------------------------------------------------------------------------
  const toast = (kind, text, link, tone = "t-bad") => {
    const shelf = document.getElementById("toasts");
    if (!shelf) return;
    shelf.querySelector(`[data-kind="${kind}"]`)?.remove();
    const box = document.createElement("div");
    box.className = `toast-x ${tone}`;
    box.dataset.toast = "";
    box.dataset.kind = kind;
    const line = document.createElement("div");
    line.className = "grow";
    line.textContent = text;
    if (link) {
      const anchor = document.createElement("a");
      anchor.href = link.href;
      anchor.textContent = link.words;
      line.append(" ", anchor);
    }
    box.append(line);
    shelf.append(box);
  };
  const words = document.getElementById("toasts")?.dataset ?? {};

  const save = (form) => {
    const text = Object.fromEntries(changed(form).map((field) => [slot(field), value(field)]));
    if (Object.keys(text).length) store.write(key(form), { at: Date.now(), text });
    else store.drop(key(form));
  };
  const restore = (form) => {
    const found = user && store.read(key(form));
    if (!found || form.querySelector("[aria-invalid=true]")) return;
    let back = 0;
    const unfold = (field) => field.closest("details")?.setAttribute("open", "");
    for (const field of fields(form)) {
      const text = found.text[slot(field)];
      if (text === undefined || text === value(field)) continue;
      if (typeof text === "boolean") field.checked = text;
      else field.value = text;
      unfold(field);
      back += 1;
    }
    if (back) toast("restored", words.restored ?? "", null, "t-info");
  };

  const ready = (root) => {
    const forms = [...root.querySelectorAll("form[data-keep]")];
    if (root.matches?.("form[data-keep]")) forms.push(root);
    forms.forEach(restore);
    const summary = root.querySelector("[data-errors]");
    if (summary) summary.focus();
  };

  document.addEventListener("click", (event) => {
    const link = event.target.closest("[data-errors] a[href^='#']");
    const target = link && document.getElementById(link.hash.slice(1));
    if (!target) return;
    event.preventDefault();
    (target.matches("input, select, textarea") ? target : target.querySelector("input, select, textarea"))?.focus();
  });

  // What was typed ---------------------------------------------------------------------------------
  let timer = 0;
  let leaving = false;
  document.addEventListener("input", (event) => {
    const form = event.target.form;
    if (!form || !kept(form) || !user) return;
    clearTimeout(timer);
    timer = setTimeout(() => save(form), 300);
  });
  const ACCEPTED = `${PREFIX}-sent`;
  document.addEventListener("submit", (event) => {
    const form = event.target;
    leaving = true;
    setTimeout(() => (leaving = false), 2000);
    if (form.matches("[data-signout]")) {
      Object.keys(localStorage)
        .filter((name) => name.startsWith(`${PREFIX}:${user}:`))
        .forEach(store.drop);
    } else if (kept(form) && user) {
      save(form);
      sessionStorage.setItem(ACCEPTED, key(form));
    }
  });
  // A form that was accepted is answered with a redirect; a refusal, a conflict or an error is not.
  const settle = () => {
    const sent = sessionStorage.getItem(ACCEPTED);
    sessionStorage.removeItem(ACCEPTED);
    const [navigation] = performance.getEntriesByType("navigation");
    if (sent && user && navigation?.redirectCount) store.drop(sent);
  };
  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-discard]")) return;
    leaving = true;
    const mine = `${PREFIX}:${user}:${location.pathname}:`;
    Object.keys(localStorage)
      .filter((name) => name.startsWith(mine))
      .forEach(store.drop);
  });
  window.addEventListener("beforeunload", (event) => {
    if (leaving) return;
    const open = [...document.querySelectorAll("form[data-warn]")].some((form) => changed(form).length);
    if (open) event.preventDefault();
  });

  // htmx: the session ended, a page instead of a part, no line --------------------------------------
  const signIn = () =>
    `${words.signin ?? "/sign-in/login/"}?next=${encodeURIComponent(location.pathname + location.search)}&kept=1`;
  document.addEventListener("htmx:beforeSwap", (event) => {
    const { xhr } = event.detail;
    const ended =
      xhr.status === 401 || (xhr.responseURL && words.signin && new URL(xhr.responseURL).pathname === words.signin);
    if (!ended) return;
    event.detail.shouldSwap = false;
    event.detail.isError = false;
    toast("session", words.ended ?? "", { href: signIn(), words: words.again ?? "" });
  });
  document.addEventListener("htmx:sendError", () => toast("line", words.offline ?? ""));
  document.addEventListener("htmx:responseError", (event) => {
    const { status } = event.detail.xhr;
    if (status === 401) return;
    toast("refused", status === 403 ? (words.refused ?? "") : (words.failed ?? ""));
  });
  // A form that stays on the page after it was accepted: what was sent is what it starts from next time.
  const sent = new WeakMap();
  document.addEventListener("htmx:beforeSend", (event) => {
    const form = event.detail.elt?.closest?.("form[data-keep]");
    if (form) sent.set(form, new Map(fields(form).map((field) => [field, value(field)])));
  });
  const accept = (form) => {
    for (const [field, text] of sent.get(form) ?? []) {
      if (typeof text === "boolean") field.defaultChecked = text;
      else if (field.tagName !== "SELECT") field.defaultValue = text;
    }
    save(form);
  };
  document.addEventListener("htmx:afterRequest", (event) => {
    const form = event.detail.elt?.closest?.("form[data-keep]");
    if (event.detail.successful && event.detail.requestConfig?.verb !== "get") {
      document
        .querySelectorAll('#toasts [data-kind="line"], #toasts [data-kind="refused"]')
        .forEach((box) => box.remove());
      if (form?.isConnected) accept(form);
      else if (form) store.drop(key(form));
    }
  });
  document.addEventListener("htmx:load", (event) => ready(event.detail.elt));
  window.addEventListener("online", () => document.querySelector('#toasts [data-kind="line"]')?.remove());

  settle();
  ready(document);
})();
