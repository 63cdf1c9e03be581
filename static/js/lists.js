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
    window.zw.keys.add("j", gettext("Next row"), () => move(1));
    window.zw.keys.add("k", gettext("Previous row"), () => move(-1));
  }

  /* --- new rows wait ---------------------------------------------------------------------------------------- */
  let waiting = new Set(), more = 0;
  const sum = (numbers) => Object.values(numbers || {}).reduce((total, one) => total + one, 0);
  /* What an event means for this list: the uuid it is about, a number of rows that were not told one by one, or null. */
  function meaning(event, wanted) {
    const payload = event.payload || {};
    for (const kind of wanted) {
      if (payload.counts) {
        const count = kind === "changes" ? Object.values(payload.counts).reduce((total, one) => total + sum(one), 0) : sum(payload.counts[kind]);
        if (count) return count;
      } else if (event.kind === kind || payload.kind === kind || (kind === "changes" && payload.change)) {
        return kind === "changes" ? "seq" + event.seq : payload.uuid || "seq" + event.seq;
      }
    }
    return null;
  }
  /* A list that stands at its top, and that nobody points at or works in, is read again by itself, every few seconds at
     most: a state that has changed must not go on saying what it was. */
  const STILL_MS = 2500, PAUSE_MS = 8000;
  let readAt = 0, looking = null;
  function mayMove(section) {
    const rows = section.querySelector("[data-zw-rows]"), wrap = section.querySelector(".zw-table-wrap");
    return window.scrollY < 40 && (!wrap || wrap.scrollTop < 8) && !(rows && rows.matches(":hover")) &&
      !section.contains(document.activeElement) && !section.querySelector("details[open], [aria-expanded=true], .is-cursor") &&
      !document.querySelector("dialog[open]");
  }
  function look() {
    looking = null;
    const section = list(), chip = section && section.querySelector("[data-zw-new]");
    if (!chip || chip.hidden) return;
    if (!mayMove(section)) { looking = setTimeout(look, 1000); return; }
    readAt = Date.now();
    chip.click();
  }
  document.addEventListener("zw:live", function (message) {
    const section = list(), event = message.detail;
    if (!section || !event || (section.dataset.newTopic && !section.dataset.newTopic.split(" ").includes(event.topic))) return;
    const found = meaning(event, (section.dataset.newKinds || "").split(/\s+/).filter(Boolean));
    if (found === null) return;
    if (typeof found === "number") more += found; else waiting.add(found);
    const chip = section.querySelector("[data-zw-new]");
    if (chip) { chip.textContent = window.zw.count(waiting.size + more) + " " + chip.dataset.word; chip.hidden = false; }
    if (!looking) looking = setTimeout(look, Math.max(STILL_MS, readAt + PAUSE_MS - Date.now()));
  });
  document.addEventListener("htmx:afterSwap", function (event) {
    if (event.target && event.target.id === "zw-list") { waiting = new Set(); more = 0; }
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
