/* Command palette: Ctrl-K or "/". Pages at once, objects from the server within a keystroke or two; exact ids first.
   The server answers {groups: [{label, icon, items: [{name, hint, url, state, group}]}]} and has scoped it already. */
(function () {
  "use strict";
  const zw = window.zw, dialog = document.getElementById("zw-palette");
  if (!dialog) return;
  const input = document.getElementById("zw-palette-input"), box = document.getElementById("zw-palette-list"), said = document.getElementById("zw-palette-said");
  let rows = [], at = -1, asked = null, timer = null, newest = 0;

  function open() { if (!dialog.open) { zw.open(dialog); input.value = ""; input.focus(); draw([]); } }
  document.addEventListener("click", function (event) { if (event.target.closest("[data-zw-palette]")) open(); });
  document.addEventListener("keydown", function (event) {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") { event.preventDefault(); if (dialog.open) dialog.close(); else open(); }
    else if (event.key === "/" && !event.ctrlKey && !event.metaKey && !event.altKey && !zw.inField(event.target) && !document.querySelector("dialog[open]") && document.body.dataset.letterKeys !== "off") { event.preventDefault(); open(); }
  });

  function pages(words) {
    const found = [];
    for (const link of document.querySelectorAll(".zw-nav a[data-zw-command]")) {
      const label = link.querySelector("span").textContent;
      if (words.every((word) => label.toLowerCase().includes(word))) found.push({ name: label, url: link.href, icon: link.dataset.zwCommand, note: link.dataset.zwKey ? link.dataset.zwKey.toUpperCase() : "" });
    }
    return found;
  }
  function marked(name, words) {
    const strong = zw.make("strong", {});
    let rest = name;
    while (rest) {
      const places = words.map((word) => [rest.toLowerCase().indexOf(word), word.length]).filter((place) => place[0] >= 0 && place[1]).sort((a, b) => a[0] - b[0]);
      if (!places.length) break;
      strong.append(rest.slice(0, places[0][0]), zw.make("mark", {}, rest.slice(places[0][0], places[0][0] + places[0][1])));
      rest = rest.slice(places[0][0] + places[0][1]);
    }
    strong.append(rest);
    return strong;
  }

  function draw(groups) {
    const text = input.value.trim(), plain = text.replace(/^[>@#]\s*/, "").toLowerCase(), words = plain.split(/\s+/).filter(Boolean);
    const all = groups.slice(), own = "@#".includes(text[0] || " ") ? [] : pages(words);
    if (own.length) (text && text[0] !== ">" ? all.push.bind(all) : all.unshift.bind(all))({ label: dialog.dataset.wordCommands, items: own });
    rows = []; at = -1;
    box.replaceChildren();
    for (const group of all) {
      if (!group.items || !group.items.length) continue;
      box.append(zw.make("h3", { role: "presentation" }, group.label));
      for (const item of group.items) {
        const row = zw.make("div", { class: "zw-palette-row", role: "option", id: "zw-palette-row-" + rows.length, "aria-selected": "false" });
        const icon = zw.icon(item.icon || group.icon || "arrow-right");
        if (item.group) icon.classList.add("zw-state--" + item.group);
        row.append(icon, zw.make("span", { class: "zw-cut" }, marked(item.name, words), item.hint ? " " + item.hint : null));
        const note = item.note || item.state;
        if (note) row.append(zw.make("span", { class: "zw-end" + (item.group ? " zw-state--" + item.group : "") }, note));
        row.dataset.url = item.url;
        row.addEventListener("click", function (event) { go(row, event.ctrlKey || event.metaKey); });
        row.addEventListener("pointermove", function () { pick(rows.indexOf(row)); });
        box.append(row);
        rows.push(row);
      }
    }
    if (!rows.length && text) box.append(zw.make("p", { class: "zw-empty" }, dialog.dataset.wordNone));
    said.textContent = text ? (rows.length ? zw.fill(ngettext("%(n)s result", "%(n)s results", rows.length), { n: zw.count(rows.length) }) : dialog.dataset.wordNone) : "";
    pick(rows.length ? 0 : -1);
  }
  function pick(index) {
    if (at === index) return;
    rows[at]?.setAttribute("aria-selected", "false");
    at = index;
    rows[at]?.setAttribute("aria-selected", "true");
    rows[at]?.scrollIntoView({ block: "nearest" });
    if (rows[at]) input.setAttribute("aria-activedescendant", rows[at].id); else input.removeAttribute("aria-activedescendant");
  }
  function go(row, inTab) { if (!row) return; if (inTab) window.open(row.dataset.url, "_blank", "noopener"); else location.assign(row.dataset.url); }

  function ask() {
    const text = input.value.trim(), number = ++newest;
    asked?.abort();
    if (!text || text[0] === ">") { draw([]); return; }
    asked = new AbortController();
    fetch(dialog.dataset.url + "?" + new URLSearchParams({ q: text }), { signal: asked.signal, headers: { Accept: "application/json" }, credentials: "same-origin" })
      .then(function (answer) { if (!answer.ok) throw new Error(String(answer.status)); return answer.json(); })
      .then(function (found) { if (number === newest) draw(found.groups || []); })
      .catch(function (error) {
        if (error.name === "AbortError" || number !== newest) return;
        draw([]);
        box.prepend(zw.make("p", { class: "zw-error", role: "alert" }, dialog.dataset.wordFailed));
      });
  }
  input.addEventListener("input", function () { clearTimeout(timer); timer = setTimeout(ask, 60); });
  input.addEventListener("keydown", function (event) {
    const to = { ArrowDown: at + 1, ArrowUp: at - 1 }[event.key];
    if (to !== undefined && rows.length) { event.preventDefault(); pick((to + rows.length) % rows.length); }
    else if (event.key === "Enter") { event.preventDefault(); go(rows[at], event.ctrlKey || event.metaKey); }
  });
})();
