/* Lists: keys J, K, Enter, X's place kept free; new rows wait behind a chip until the person asks for them. */
(function () {
  "use strict";
  const list = () => document.querySelector("[data-zw-list]");

  /* --- rows by key ------------------------------------------------------------------------------------------ */
  function rows() { return [...document.querySelectorAll("[data-zw-rows] tbody tr")]; }
  function move(by) {
    const all = rows();
    if (!all.length) return;
    const here = all.findIndex((row) => row.classList.contains("is-cursor"));
    const next = all[Math.min(Math.max(here < 0 ? (by > 0 ? 0 : all.length - 1) : here + by, 0), all.length - 1)];
    all.forEach((row) => row.classList.toggle("is-cursor", row === next));
    const link = next.querySelector("th a");
    if (link) link.focus({ preventScroll: true });
    next.scrollIntoView({ block: "nearest" });
  }
  function keys() {
    if (!window.zw || !window.zw.keys || !window.zw.keys.add) return;
    window.zw.keys.add("j", "Next row", () => move(1));
    window.zw.keys.add("k", "Previous row", () => move(-1));
  }

  /* --- new rows wait ---------------------------------------------------------------------------------------- */
  let waiting = 0;
  function concerns(event, section) {
    const wanted = (section.dataset.liveKinds || "").split(/\s+/).filter(Boolean), slug = section.dataset.liveSlug;
    const payload = event.payload || {};
    const changes = Array.isArray(payload.changes) ? payload.changes : [];
    const mine = changes.filter((change) => change.kind === slug).length;
    if (mine) return slug === "changes" ? changes.length : mine;
    if (slug === "changes" && changes.length) return changes.length;
    if (payload.counts && typeof payload.counts[slug] === "number") return payload.counts[slug];
    if (payload.kind === slug || (payload.kinds || []).includes(slug)) return 1;
    if (wanted.includes(event.kind) && !payload.kind && !changes.length) return 1;
    return wanted.some((kind) => event.kind.startsWith(kind + ".")) && !payload.kind && !changes.length ? 1 : 0;
  }
  document.addEventListener("zw:live", function (message) {
    const section = list();
    if (!section || !message.detail) return;
    const count = concerns(message.detail, section);
    if (!count) return;
    waiting += count;
    const chip = section.querySelector("[data-zw-new]");
    if (chip) { chip.textContent = waiting + " new"; chip.hidden = false; }
  });
  document.addEventListener("htmx:afterSwap", function (event) {
    if (event.target && event.target.id === "zw-list") waiting = 0;
  });

  /* --- focus stays in the search field when its own list is replaced ------------------------------------------ */
  let typed = null;
  document.addEventListener("htmx:beforeSwap", function (event) {
    const field = document.activeElement;
    typed = event.target && event.target.id === "zw-list" && field && field.id === "zw-list-q"
      ? { value: field.value, at: field.selectionStart } : null;
  });
  document.addEventListener("htmx:afterSettle", function () {
    const field = document.getElementById("zw-list-q");
    if (!typed || !field) return;
    if (field.value !== typed.value) field.value = typed.value;
    field.focus({ preventScroll: true });
    field.setSelectionRange(typed.at, typed.at);
    typed = null;
  });
  keys();
})();
