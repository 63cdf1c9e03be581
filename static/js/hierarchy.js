/* Picture and drawer: one selection everywhere, kept in the address; live flips. */
(function () {
  "use strict";
  const zw = window.zw, hier = document.getElementById("hier");
  if (!hier) return;
  const drawer = document.getElementById("hier-drawer"), picture = document.getElementById("hier-picture");
  const get = { credentials: "same-origin", headers: { "HX-Request": "true" } };
  let back = null, newest = 0;

  function address(changes) {
    const state = { at: hier.dataset.at, sel: hier.dataset.sel, view: new URLSearchParams(location.search).get("view") || "", shade: hier.dataset.shade === "memory" ? "" : hier.dataset.shade, ...changes };
    const query = new URLSearchParams(Object.entries(state).filter((pair) => pair[1]));
    return hier.dataset.url + (query.size ? "?" + query : "");
  }

  /* ---- selection ---- */
  function mark() {
    const key = hier.dataset.sel;
    for (const item of hier.querySelectorAll("[role='treeitem']")) item.setAttribute("aria-selected", String(!!key && item.dataset.node === key));
    for (const old of hier.querySelectorAll(".is-selected")) old.classList.remove("is-selected");
    if (!key) return;
    for (const found of picture.querySelectorAll("[data-node='" + CSS.escape(key) + "']")) {
      (found.closest(".zw-graph-box") || found).classList.add("is-selected");
      found.closest(".zw-heat-block")?.classList.add("is-selected");
    }
    picture.querySelector("[data-block='" + CSS.escape(key) + "']")?.classList.add("is-selected");
  }
  function select(key, focusDrawer, keepHistory) {
    hier.dataset.sel = key;
    mark();
    if (!keepHistory) history.pushState({}, "", address({}));
    back = document.activeElement;
    if (!key) { drawer.hidden = true; hier.classList.remove("has-drawer"); return; }
    const number = ++newest;
    fetch(hier.dataset.url + "?" + new URLSearchParams({ part: "drawer", sel: key }), get)
      .then(function (answer) { if (!answer.ok) throw new Error(answer.headers.get("X-Request-Id") || String(answer.status)); return answer.text(); })
      .then(function (html) {
        if (number !== newest) return;
        drawer.replaceChildren(...new DOMParser().parseFromString(html, "text/html").body.childNodes);
        drawer.hidden = false;
        hier.classList.add("has-drawer");
        const title = document.getElementById("hier-drawer-title");
        drawer.setAttribute("aria-label", title.dataset.name || title.textContent);
        if (focusDrawer) title.focus();
      })
      .catch(function (error) {
        if (number !== newest) return;
        drawer.replaceChildren(zw.make("p", { class: "zw-error", role: "alert" }, gettext("The drawer did not load.") + " " + error.message));
        drawer.hidden = false;
        hier.classList.add("has-drawer");
      });
  }
  function close() {
    const key = hier.dataset.sel;
    if (!key) return;
    select("", false);
    const cell = picture.querySelector("[data-node='" + CSS.escape(key) + "']");
    if (back && back.isConnected && !drawer.contains(back)) back.focus(); else cell?.focus();
  }
  function goTo(key) { location.assign(address({ at: key, sel: "", view: "" })); }
  function openPage() { const link = document.getElementById("hier-open"); if (link) link.click(); }
  zw.hier = { select: select, mark: mark, goTo: goTo, openPage: openPage };

  hier.addEventListener("click", function (event) {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    if (event.target.closest("[data-close-drawer]")) { event.preventDefault(); close(); return; }
    const node = event.target.closest("#hier-picture [data-node]");
    if (node) {
      event.preventDefault();
      if (node.matches("[role='gridcell']")) stop(node);
      select(node.dataset.node, false);
      return;
    }
    const only = event.target.closest("[data-only]");
    if (only) { filter(only.getAttribute("aria-pressed") === "true" ? null : only); return; }
    const zoom = event.target.closest("[data-zoom]");
    if (zoom) scale(zoom);
  });
  document.addEventListener("keydown", function (event) {
    if (event.key === "Escape" && hier.dataset.sel && !document.querySelector("dialog[open]") && !zw.inField(event.target)) { event.preventDefault(); close(); }
  });
  window.addEventListener("popstate", function () {
    const query = new URLSearchParams(location.search);
    if ((query.get("at") || "") !== hier.dataset.at || (query.get("shade") || "memory") !== hier.dataset.shade) { location.reload(); return; }
    select(query.get("sel") || "", false, true);
  });
  zw.keys?.add("v", gettext("Next view"), function () {
    const views = [...picture.querySelectorAll("[data-view]")], here = views.findIndex((link) => link.hasAttribute("aria-current"));
    views[(here + 1) % views.length]?.click();
  });

  /* ---- heat map: arrows by what lies there, one tab stop ---- */
  function map() { return document.getElementById("hier-map"); }
  function cells() { return map() ? [...map().querySelectorAll("[role='gridcell']")] : []; }
  function stop(cell) { map().querySelector("[role='gridcell'][tabindex='0']")?.setAttribute("tabindex", "-1"); cell.tabIndex = 0; }
  function ready() {
    if (!map()) return;
    const first = map().querySelector("[role='gridcell'].is-selected") || map().querySelector("[role='gridcell']");
    if (first && !map().querySelector("[tabindex='0']")) first.tabIndex = 0;
  }
  function near(cell, down) {
    const from = cell.getBoundingClientRect(), x = from.left + from.width / 2;
    let best = null, cost = Infinity;
    for (const other of cells()) {
      const box = other.getBoundingClientRect(), away = down ? box.top - from.bottom : from.top - box.bottom;
      if (away < -1) continue;
      const price = away * 3 + Math.abs(box.left + box.width / 2 - x);
      if (price < cost) { best = other; cost = price; }
    }
    return best;
  }
  picture.addEventListener("keydown", function (event) {
    const cell = event.target.closest("[role='gridcell']");
    if (!cell || event.ctrlKey || event.metaKey || event.altKey) return;
    const all = cells(), here = all.indexOf(cell), block = cell.parentElement;
    let to = null;
    if (event.key === "ArrowRight") to = all[here + 1];
    else if (event.key === "ArrowLeft") to = all[here - 1];
    else if (event.key === "ArrowDown") to = near(cell, true);
    else if (event.key === "ArrowUp") to = near(cell, false);
    else if (event.key === "Home") to = block.firstElementChild;
    else if (event.key === "End") to = block.lastElementChild;
    else if (event.key === "PageDown") to = all.slice(here).find((other) => other.parentElement !== block);
    else if (event.key === "PageUp") to = all.slice(0, here).reverse().find((other) => other.parentElement !== block)?.parentElement.firstElementChild;
    else if (event.key.toLowerCase() === "n") to = all.slice(here + 1).concat(all.slice(0, here)).find((other) => /^(bad|attention)/.test(other.className));
    else if (event.key === "Enter" || event.key === " ") { if (hier.dataset.sel === cell.dataset.node && event.key === "Enter") openPage(); else select(cell.dataset.node, false); }
    else return;
    event.preventDefault();
    event.stopPropagation();
    if (to) { stop(to); to.focus(); to.scrollIntoView({ block: "nearest" }); }
  });
  picture.addEventListener("pointerover", function (event) {
    const cell = event.target.closest("[role='gridcell']");
    if (cell && !cell.title) cell.title = cell.getAttribute("aria-label");
  });
  function filter(chip) {
    const box = map();
    for (const other of picture.querySelectorAll("[data-only]")) other.setAttribute("aria-pressed", String(other === chip));
    box.classList.toggle("is-filtered", !!chip);
    let found = 0;
    for (const cell of cells()) {
      const match = !!chip && cell.getAttribute("aria-label").includes(", " + chip.dataset.word + ",") || !!chip && new RegExp("\\d " + chip.dataset.word + "[,]").test(cell.getAttribute("aria-label"));
      cell.classList.toggle("is-match", match);
      if (match) found++;
    }
    zw.say(chip ? zw.fill(gettext("%(n)s with %(state)s."), { n: zw.count(found), state: chip.dataset.word }) : gettext("All states."));
  }

  /* ---- graph ---- */
  function scale(button) {
    const svg = button.closest(".zw-graph").querySelector("svg.zw-graph-svg"), natural = Number(svg.dataset.width);
    if (button.dataset.zoom === "fit") { svg.classList.toggle("is-fit"); svg.style.removeProperty("width"); svg.style.removeProperty("height"); return; }
    const now = svg.getBoundingClientRect().width, to = Math.min(natural * 3, Math.max(natural * 0.3, now * (button.dataset.zoom === "in" ? 1.25 : 0.8)));
    svg.classList.remove("is-fit");
    svg.style.width = to + "px";
    svg.style.height = "auto";
  }

  /* ---- live: cells flip and blink once; badges on folded rows add up ---- */
  let heard = new Set(), timer = null, whole = false, flipped = 0;
  document.addEventListener("zw:live", function (event) {
    const detail = event.detail;
    if (detail.topic !== hier.dataset.topic) return;
    let mine = false;
    /* Figures move without a change event: the end of a sync brings them. */
    if (detail.kind.startsWith("sync.") && ["done", "partial"].includes((detail.payload || {}).state)) { whole = true; mine = true; }
    for (const change of named(detail)) {
      if (change.kind === "hosts" && change.uuid && change.change !== "created" && change.change !== "gone" && change.change !== "returned") { heard.add(change.uuid); mine = true; }
      else if (["zones", "pods", "clusters", "hosts", "storage-pools", "image-stores", "system-vms", "physical-networks"].includes(change.kind)) { whole = true; mine = true; }
      if (change.uuid && hier.dataset.sel.endsWith(change.uuid)) select(hier.dataset.sel, false, true);
    }
    if (mine) soon();
  });
  document.addEventListener("zw:reset", function () { whole = true; soon(); });
  function named(detail) {
    const payload = detail.payload || {};
    if (payload.kind) return [payload];
    return payload.counts ? Object.keys(payload.counts).map((kind) => ({ kind: kind })) : [];
  }
  /* At once for the first, at most every 2 s in a storm. */
  function soon() { if (!timer) timer = setTimeout(flip, Math.max(400, flipped + 2000 - Date.now())); }
  function flip() {
    timer = null;
    flipped = Date.now();
    const hosts = [...heard].slice(0, 400), all = whole || heard.size > 400 || !!picture.querySelector(".zw-graph, .zw-heat-cells--big");
    heard = new Set();
    whole = false;
    if (all) { redraw(); return; }
    fetch(hier.dataset.url + "?" + new URLSearchParams({ part: "cells", hosts: hosts.join(","), shade: hier.dataset.shade }), get)
      .then(function (answer) { if (!answer.ok) throw new Error(); return answer.json(); })
      .then(function (now) {
        for (const [key, cell] of Object.entries(now.cells)) for (const found of picture.querySelectorAll("b[data-node='" + CSS.escape(key) + "']")) {
          if (found.getAttribute("aria-label") === cell[1]) continue;
          const kept = found.classList.contains("is-selected");
          const turned = found.className.split(" ")[0] !== cell[0];
          found.className = cell[0] + (kept ? " is-selected" : "") + (turned ? " has-changed" : "");
          found.setAttribute("aria-label", cell[1]);
          found.removeAttribute("title");
          if (turned) { found.addEventListener("animationend", function () { found.classList.remove("has-changed"); }, { once: true }); zw.say(cell[1] + "."); }
        }
        zw.tree.badges(now.badges);
        redrawTree();
      })
      .catch(function () { whole = true; setTimeout(soon, 5000); });
  }
  /* Everything anew, with focus and scrolling where they were. */
  function redraw() {
    const focused = document.activeElement?.closest?.("#hier-picture [data-node]")?.dataset.node;
    fetch(location.pathname + "?" + new URLSearchParams({ ...Object.fromEntries(new URLSearchParams(location.search)), part: "picture" }), get)
      .then(function (answer) { if (!answer.ok) throw new Error(); return answer.text(); })
      .then(function (html) {
        picture.replaceChildren(...new DOMParser().parseFromString(html, "text/html").body.childNodes);
        mark();
        ready();
        if (focused) { const cell = picture.querySelector("[data-node='" + CSS.escape(focused) + "']"); if (cell) { if (cell.matches("b")) stop(cell); cell.focus({ preventScroll: true }); } }
      })
      .catch(function () { /* the next event tries again; the connection state says how old this is */ });
    redrawTree();
  }
  function redrawTree() {
    const box = document.getElementById("hier-tree"), open = new Set([...box.querySelectorAll("[aria-expanded='true']")].map((item) => item.dataset.node));
    if (box.contains(document.activeElement) || box.matches(":hover")) { clearTimeout(redrawTree.later); redrawTree.later = setTimeout(redrawTree, 1500); return; }
    fetch(hier.dataset.url + "?" + new URLSearchParams({ part: "tree", sel: hier.dataset.sel, at: hier.dataset.at }), get)
      .then(function (answer) { if (!answer.ok) throw new Error(); return answer.text(); })
      .then(function (html) {
        const fresh = new DOMParser().parseFromString(html, "text/html").body;
        for (const item of fresh.querySelectorAll("[role='treeitem'][aria-expanded]")) {
          const list = item.querySelector(":scope > ul"), old = document.getElementById(item.id)?.querySelector(":scope > ul");
          const wanted = open.has(item.dataset.node);
          if (wanted && item.dataset.lazy && old) { list.replaceChildren(...old.childNodes); delete item.dataset.lazy; }
          item.setAttribute("aria-expanded", String(wanted && !item.dataset.lazy));
          if (list) list.hidden = !(wanted && !item.dataset.lazy);
        }
        box.replaceChildren(...fresh.childNodes);
        zw.tree.prepare();
        mark();
      })
      .catch(function () { /* as above */ });
  }

  mark();
  ready();
  hier.querySelector("#hier-tree [aria-selected='true'] .zw-tree-row, #hier-tree [data-at] .zw-tree-row")?.scrollIntoView({ block: "nearest" });
})();
