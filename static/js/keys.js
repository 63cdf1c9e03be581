/* Single-letter keys. An element says its own with data-zw-key ("f", "g h"); pressing them clicks it, or focuses it when
   it is a field. They work outside fields only, are listed under "?", and can be turned off. */
(function () {
  "use strict";
  const zw = window.zw, body = document.body;
  let on = body.dataset.letterKeys !== "off", first = "", forget = null;
  const extra = [];

  /* zw.keys.add("v", "Next view", fn): keys without an element of their own. fn returning false means "not mine". */
  zw.keys = { add(keys, label, action) { extra.push({ keys: keys, label: label, action: action }); } };

  zw.inField = function (target) {
    return target.closest && !!target.closest("input:not([type=checkbox]):not([type=radio]):not([type=button]), textarea, select, [contenteditable=true]");
  };
  function visible(element) { return element.getClientRects().length > 0; }
  function name(element) { return (element.dataset.zwKeyLabel || element.getAttribute("aria-label") || element.placeholder || element.textContent).trim().replace(/\s+/g, " "); }

  document.addEventListener("keydown", function (event) {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (!on || zw.inField(event.target) || document.querySelector("dialog[open]")) return;
    if (event.key.length !== 1 || event.key === " ") return;
    const key = event.key.toLowerCase();
    if (event.key === "?") { list(); zw.open(document.getElementById("zw-keys")); event.preventDefault(); return; }
    /* A tree or grid that types to find takes letters itself. */
    if (event.target.closest && event.target.closest("[data-zw-typeahead]") && !first && /^[a-z0-9._-]$/.test(key) && !event.target.closest("[data-zw-typeahead]").dataset.zwLetters?.includes(key)) return;
    const pressed = first ? first + " " + key : key;
    clearTimeout(forget);
    first = "";
    const element = [...document.querySelectorAll("[data-zw-key]")].find((candidate) => candidate.dataset.zwKey === pressed);
    if (element) {
      event.preventDefault();
      if (element.matches("input, textarea, select")) { element.focus(); element.select?.(); } else element.click();
      return;
    }
    const own = extra.find((entry) => entry.keys === pressed);
    if (own && own.action(event) !== false) { event.preventDefault(); return; }
    if ([...document.querySelectorAll("[data-zw-key]")].some((candidate) => candidate.dataset.zwKey.startsWith(pressed + " "))) {
      first = pressed;
      forget = setTimeout(function () { first = ""; }, 1200);
      event.preventDefault();
    }
  });

  function list() {
    const box = document.getElementById("zw-keys-list");
    box.replaceChildren();
    const rows = [["Ctrl K", gettext("Search or jump to")], ["/", gettext("Search or jump to")], ["?", gettext("This list")]];
    const seen = new Set();
    for (const element of document.querySelectorAll("[data-zw-key]")) {
      if (seen.has(element.dataset.zwKey) || !(visible(element) || element.dataset.zwKey.startsWith("g "))) continue;
      seen.add(element.dataset.zwKey);
      rows.push([element.dataset.zwKey, name(element)]);
    }
    for (const entry of extra) rows.push([entry.keys, entry.label]);
    for (const [keys, label] of rows) {
      const term = zw.make("dt", {});
      for (const part of keys.split(" ")) term.append(zw.make("kbd", {}, part.length === 1 ? part.toUpperCase() : part));
      box.append(term, zw.make("dd", {}, label));
    }
    document.getElementById("zw-keys-switch").checked = on;
  }
  document.getElementById("zw-keys-switch").addEventListener("change", function (event) {
    on = event.target.checked;
    body.dataset.letterKeys = on ? "on" : "off";
    zw.keep({ keys: on ? "on" : "off" });
  });
  document.querySelector("[data-zw-open='zw-keys']")?.addEventListener("click", list, true);
})();
