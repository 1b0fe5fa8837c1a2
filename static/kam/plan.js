// Fields edited in place: saved on leaving, Enter or five idle seconds; kept on this device and as a draft on the
// server until then. Without this script a field opens as a page of its own.
(() => {
  "use strict";
  const IDLE = 5000;
  const DRAFT = 1500;
  const user = document.body.dataset.user;
  const PREFIX = `kam-form:${user}:field:`; // forms.js forgets all of the person's at sign-out
  const shelf = () => document.getElementById("save-state");
  const timers = new WeakMap();

  // What is said beside the title ------------------------------------------------------------------
  const say = (kind, more = "") => {
    const box = shelf();
    if (!box) return;
    box.className = `saved ${kind === "saving" ? "busy" : ""} ${kind === "unsent" || kind === "typing" ? "kept" : ""}`;
    box.textContent = `${box.dataset[kind] ?? ""} ${more}`.trim();
  };

  // What was typed, on this device -----------------------------------------------------------------
  const read = (id) => {
    try {
      return JSON.parse(localStorage.getItem(PREFIX + id));
    } catch {
      return null;
    }
  };
  const forget = (id) => {
    try {
      localStorage.removeItem(PREFIX + id);
    } catch {
      // A forbidden store: nothing was kept there either.
    }
  };
  const keep = (form) => {
    if (!user) return;
    const { version, read: before } = form.elements;
    const text = form.elements.value.value;
    const kept = { text, version: version.value, read: before ? before.value : null, page: location.pathname };
    try {
      localStorage.setItem(PREFIX + form.id, JSON.stringify({ ...kept, at: Date.now() }));
    } catch {
      // A full store: the draft on the server remains.
    }
  };
  const field = (form) => form.elements.value;
  const isChanged = (form) => field(form).value !== field(form).defaultValue || form.dataset.restored === "1";

  const token = () => JSON.parse(document.body.getAttribute("hx-headers") ?? "{}")["X-CSRFToken"] ?? "";
  const draft = async (form) => {
    const body = new URLSearchParams({ value: field(form).value, version: form.elements.version.value });
    try {
      const headers = { "X-CSRFToken": token() };
      const answer = await fetch(form.dataset.draft, { method: "POST", body, headers, redirect: "manual" });
      if (answer.status === 204 && form.isConnected && isChanged(form)) say("typing");
    } catch {
      // No line: what was typed stays on this device.
    }
  };
  const stop = (form) => {
    const running = timers.get(form) ?? {};
    clearTimeout(running.idle);
    clearTimeout(running.draft);
  };
  const start = (form) => {
    stop(form);
    timers.set(form, {
      idle: setTimeout(() => form.isConnected && isChanged(form) && htmx.trigger(form, "idle"), IDLE),
      draft: setTimeout(() => form.isConnected && isChanged(form) && draft(form), DRAFT),
    });
  };
  const open = (node) => node?.closest?.("form[data-write]");

  document.addEventListener("input", (event) => {
    const form = open(event.target);
    if (!form) return;
    keep(form);
    start(form);
  });
  document.addEventListener("focusout", (event) => {
    const form = open(event.target);
    if (!form || form.contains(event.relatedTarget)) return;
    setTimeout(() => {
      if (!form.isConnected || form.contains(document.activeElement)) return;
      stop(form);
      if (isChanged(form)) form.requestSubmit();
      else if (!form.querySelector("[aria-invalid]")) htmx.ajax("GET", `${form.dataset.url}?show`, { target: form, swap: "outerHTML" });
    }, 0);
  });
  document.addEventListener("keydown", (event) => {
    const form = open(event.target);
    if (!form || event.key !== "Escape") return;
    event.stopPropagation();
    stop(form);
    forget(form.id);
    form.dataset.leaving = "1";
    htmx.ajax("POST", form.dataset.discard, { target: form, swap: "outerHTML" });
  });
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState !== "hidden") return;
    document.querySelectorAll("form[data-write]").forEach((form) => isChanged(form) && htmx.trigger(form, "idle"));
  });

  // Who else is here: asked every 20 seconds while the page is in sight -------------------------------
  const look = () => {
    const here = document.getElementById("here");
    if (here && window.htmx && document.visibilityState === "visible") htmx.trigger(here, "poll");
  };
  setInterval(look, 20000);
  window.addEventListener("load", look);

  // Sending ----------------------------------------------------------------------------------------
  document.addEventListener("htmx:configRequest", (event) => {
    const form = event.target.closest?.("form[data-write]");
    if (form && event.detail.triggeringEvent?.type === "idle") event.detail.headers["X-Idle"] = "1";
    const here = event.target.closest?.("#here");
    if (here) event.detail.parameters.section = document.querySelector("form[data-write] label")?.textContent ?? "";
  });
  document.addEventListener("htmx:beforeRequest", (event) => {
    const form = event.target.closest?.("form[data-write]");
    if (!form || event.detail.requestConfig.verb !== "post" || form.dataset.leaving) return;
    stop(form);
    form.dataset.sent = field(form).value;
    say("saving");
  });
  let typedMeanwhile = null;
  document.addEventListener("htmx:beforeSwap", (event) => {
    const form = event.target.closest?.("form[data-write]");
    if (!form) return;
    typedMeanwhile = event.detail.xhr.status === 409 ? { id: form.id, text: field(form).value } : null;
    if (!event.detail.shouldSwap && event.detail.xhr.status !== 204) say("unsent");
  });
  document.addEventListener("htmx:afterSwap", () => {
    if (!typedMeanwhile) return;
    const box = document.getElementById(typedMeanwhile.id);
    box?.querySelectorAll("[data-mine]").forEach((area) => (area.value = typedMeanwhile.text));
    if (box) box.focus();
    say("unsent");
    typedMeanwhile = null;
  });
  document.addEventListener("htmx:sendError", (event) => open(event.target) && say("unsent"));
  document.addEventListener("htmx:responseError", (event) => open(event.target) && say("unsent"));
  document.body.addEventListener("field-saved", (event) => {
    const { id, version, at } = event.detail;
    const form = document.getElementById(id);
    say("saved", at);
    document.querySelectorAll(`[data-draft-note="${CSS.escape(id)}"]`).forEach((note) => note.remove());
    if (!form?.matches("form[data-write]")) {
      forget(id);
      return;
    }
    // Sent in passing: the person may have typed on.
    form.elements.version.value = version;
    if (form.elements.read) form.elements.read.value = form.dataset.sent;
    field(form).defaultValue = form.dataset.sent;
    delete form.dataset.restored;
    if (isChanged(form)) {
      keep(form);
      start(form);
    } else forget(id);
  });

  // After a lost session or line: what was typed here comes back into its field ----------------------
  const restore = (form) => {
    const kept = read(form.id);
    if (!kept || kept.text === field(form).value) return;
    field(form).value = kept.text;
    form.elements.version.value = kept.version;
    if (kept.read === null) form.elements.read?.remove();
    else if (form.elements.read) form.elements.read.value = kept.read;
    form.dataset.restored = "1";
    say("unsent");
  };
  document.addEventListener("htmx:load", (event) => {
    const root = event.detail.elt;
    const forms = [...(root.querySelectorAll?.("form[data-write]") ?? [])];
    if (root.matches?.("form[data-write]")) forms.push(root);
    forms.forEach((form) => {
      restore(form);
      const end = field(form).value.length;
      field(form).setSelectionRange(end, end);
    });
  });
  const reopen = () => {
    if (!user || !window.htmx) return;
    for (const name of Object.keys(localStorage).filter((key) => key.startsWith(PREFIX))) {
      const id = name.slice(PREFIX.length);
      const link = document.querySelector(`a[data-field="${CSS.escape(id)}"]`);
      if (link) htmx.trigger(link, "click");
    }
  };
  document.querySelectorAll("form[data-write]").forEach(restore);
  if (document.readyState === "complete") reopen();
  else window.addEventListener("load", reopen);
})();
