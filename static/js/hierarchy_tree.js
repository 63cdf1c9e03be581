/* The tree: one tab stop; up and down move, left and right fold, letters find, Enter selects. Rows that are still to be
   fetched come when their parent is unfolded. */
(function () {
  "use strict";
  const zw = window.zw, hier = document.getElementById("hier");
  if (!hier) return;
  let typed = "", forget = null;

  function rows(tree) { return [...tree.querySelectorAll("[role='treeitem']")].filter((item) => !item.closest("ul[hidden]")); }
  function stop(tree, item, focus) {
    for (const other of tree.querySelectorAll("[role='treeitem'][tabindex='0']")) other.tabIndex = -1;
    item.tabIndex = 0;
    if (focus) { item.focus(); item.querySelector(".zw-tree-row").scrollIntoView({ block: "nearest" }); }
  }
  function prepare() {
    for (const tree of document.querySelectorAll("#hier-tree-pane [role='tree']")) {
      if (tree.querySelector("[tabindex='0']")) continue;
      const first = tree.querySelector("[aria-selected='true']") || tree.querySelector("[data-at]") || tree.querySelector("[role='treeitem']");
      if (first) first.tabIndex = 0;
    }
  }
  function unfold(item) {
    const list = item.querySelector(":scope > ul");
    item.setAttribute("aria-expanded", "true");
    if (list) list.hidden = false;
    if (!item.dataset.lazy) return;
    const key = item.dataset.lazy;
    delete item.dataset.lazy;
    fetch(hier.dataset.url + "?" + new URLSearchParams({ part: "children", node: key, level: Number(item.ariaLevel || item.getAttribute("aria-level")) + 1 }), { credentials: "same-origin", headers: { "HX-Request": "true" } })
      .then(function (answer) { if (!answer.ok) throw new Error(answer.headers.get("X-Request-Id") || ""); return answer.text(); })
      .then(function (html) {
        const parsed = new DOMParser().parseFromString("<ul>" + html + "</ul>", "text/html").querySelector("ul");
        list.replaceChildren(...parsed.childNodes);
        zw.hier.mark();
      })
      .catch(function (error) {
        item.dataset.lazy = key;
        item.setAttribute("aria-expanded", "false");
        list.hidden = true;
        zw.toast("bad", gettext("These rows did not load.") + " " + error.message);
      });
  }
  function fold(item) { item.setAttribute("aria-expanded", "false"); const list = item.querySelector(":scope > ul"); if (list) list.hidden = true; }

  hier.addEventListener("click", function (event) {
    const row = event.target.closest(".zw-tree-row");
    if (!row) return;
    const item = row.parentElement, tree = item.closest("[role='tree']");
    stop(tree, item, false);
    if (event.target.closest(".zw-tree-fold") && item.hasAttribute("aria-expanded")) {
      if (item.getAttribute("aria-expanded") === "true") fold(item); else unfold(item);
    } else choose(item);
  });
  function choose(item) {
    const key = item.dataset.node, kind = key.split(".")[0];
    if (item.hasAttribute("aria-expanded") && item.getAttribute("aria-expanded") === "false") unfold(item);
    if (key === "cloud" || kind === "zones" && key.split(".").length === 2) zw.hier.goTo(key === "cloud" ? "" : key);
    else if (key.split(".").length === 2) zw.hier.select(key, false);
  }

  document.getElementById("hier-tree-pane").addEventListener("keydown", function (event) {
    const item = event.target.closest("[role='treeitem']");
    if (!item || event.ctrlKey || event.metaKey || event.altKey) return;
    const tree = item.closest("[role='tree']"), all = rows(tree), here = all.indexOf(item), open = item.getAttribute("aria-expanded");
    let to = null;
    if (event.key === "ArrowDown") to = all[here + 1];
    else if (event.key === "ArrowUp") to = all[here - 1] || (here === 0 ? document.getElementById("hier-filter") : null);
    else if (event.key === "Home") to = all[0];
    else if (event.key === "End") to = all[all.length - 1];
    else if (event.key === "ArrowRight") { if (open === "false") unfold(item); else if (open === "true") to = item.querySelector("[role='treeitem']"); }
    else if (event.key === "ArrowLeft") { if (open === "true") fold(item); else to = item.parentElement.closest("[role='treeitem']"); }
    else if (event.key === "*") { for (const other of item.parentElement.querySelectorAll(":scope > [aria-expanded='false']")) unfold(other); }
    else if (event.key === "Enter" || event.key === " ") { if (item.getAttribute("aria-selected") === "true" && event.key === "Enter") zw.hier.openPage(); else choose(item); }
    else if (event.key.length === 1 && !(event.key.toLowerCase() === "f" && !typed)) {
      clearTimeout(forget);
      typed += event.key.toLowerCase();
      forget = setTimeout(function () { typed = ""; }, 700);
      const from = typed.length === 1 ? here + 1 : here;
      to = all.slice(from).concat(all.slice(0, from)).find((row) => row.dataset.name.toLowerCase().startsWith(typed)) ||
        all.slice(from).concat(all.slice(0, from)).find((row) => row.dataset.name.toLowerCase().includes(typed));
    } else return;
    event.preventDefault();
    event.stopPropagation();
    if (to && to.matches("input")) to.focus(); else if (to) stop(tree, to, true);
  });

  /* ---- filter: asks the server, so that it finds what was never unfolded ---- */
  const filter = document.getElementById("hier-filter"), matches = document.getElementById("hier-matches"), whole = document.getElementById("hier-tree");
  let asked = null, timer = null;
  filter.addEventListener("input", function () { clearTimeout(timer); timer = setTimeout(find, 160); });
  filter.addEventListener("keydown", function (event) {
    if (event.key === "Escape") { filter.value = ""; find(); event.preventDefault(); }
    if (event.key === "ArrowDown" || event.key === "Enter") {
      const first = (matches.hidden ? whole : matches).querySelector("[role='treeitem']");
      if (first) { stop(first.closest("[role='tree']"), first, true); event.preventDefault(); if (event.key === "Enter" && !matches.hidden) choose(first); }
    }
  });
  function find() {
    const text = filter.value.trim();
    asked?.abort();
    matches.hidden = !text;
    whole.hidden = !!text;
    if (!text) { matches.replaceChildren(); return; }
    asked = new AbortController();
    fetch(hier.dataset.url + "?" + new URLSearchParams({ part: "search", q: text }), { signal: asked.signal, credentials: "same-origin", headers: { "HX-Request": "true" } })
      .then(function (answer) { if (!answer.ok) throw new Error(answer.headers.get("X-Request-Id") || ""); return answer.text(); })
      .then(function (html) { matches.replaceChildren(...new DOMParser().parseFromString(html, "text/html").body.childNodes); prepare(); zw.hier.mark(); })
      .catch(function (error) { if (error.name !== "AbortError") matches.replaceChildren(zw.make("p", { class: "zw-error", role: "alert" }, gettext("The search did not answer.") + " " + error.message)); });
  }

  zw.tree = {
    prepare: prepare,
    badges(all) {
      for (const [key, badges] of Object.entries(all)) {
        const box = document.getElementById("t-" + key)?.querySelector(":scope > .zw-tree-row .zw-tree-badges");
        if (!box || key.startsWith("zones.")) continue;   /* a zone's badges count more than hosts: the tree part brings them */
        box.replaceChildren(...badges.map(function (badge) {
          const state = zw.make("span", { class: "zw-state zw-state--" + badge[0] });
          state.append(zw.icon(badge[1], "zw-icon--sm"), String(badge[2]));
          return state;
        }));
      }
    },
  };
  prepare();
})();
