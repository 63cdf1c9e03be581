/* The ground: menus, dialogs, toasts, times that stay current, theme and density. No inline code anywhere (strict CSP):
   pages mark elements with data-zw-* attributes, and behaviour is found here. */
(function () {
  "use strict";
  const zw = (window.zw = window.zw || {});
  const body = document.body;

  /* The words come from Django's catalogue (portal/web/words.py). Without it, what is written here is shown: English. */
  window.gettext = window.gettext || function (words) { return words; };
  window.ngettext = window.ngettext || function (one, many, count) { return count === 1 ? one : many; };
  window.interpolate = window.interpolate || function (words, values) {
    return words.replace(/%\(\w+\)s/g, function (match) { return String(values[match.slice(2, -2)]); });
  };
  /* zw.fill("%(n)s new", {n: 3}): a sentence with its values, by name, so that languages may order them. */
  zw.fill = function (words, values) { return interpolate(words, values, true); };
  const language = document.documentElement.lang || "en";
  zw.locale = language === "en" ? "en-GB" : language;
  zw.count = function (number) { return number.toLocaleString(zw.locale); };

  zw.icon = function (name, css) {
    const sprite = document.getElementById("zw-sprite").dataset.sprite;
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("class", "zw-icon" + (css ? " " + css : ""));
    svg.setAttribute("aria-hidden", "true");
    const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
    use.setAttribute("href", sprite + "#" + name);
    svg.append(use);
    return svg;
  };

  /* zw.make("a", {class: "x", href: "/"}, child, "text"): text stays text, so names cannot become markup. */
  zw.make = function (tag, attributes) {
    const element = document.createElement(tag);
    for (const [key, value] of Object.entries(attributes || {})) if (value !== undefined && value !== null) element.setAttribute(key, value);
    for (let index = 2; index < arguments.length; index++) if (arguments[index] !== null && arguments[index] !== undefined) element.append(arguments[index]);
    return element;
  };

  /* A token's colour as the browser resolves it now, for canvas drawings. */
  zw.colour = function (token) {
    const probe = document.createElement("i");
    probe.className = "zw-sr";
    probe.style.color = "var(" + token + ")";
    body.append(probe);
    const colour = getComputedStyle(probe).color;
    probe.remove();
    return colour;
  };

  /* One polite sentence, at most one in 5 s; the newest wins. */
  let said = 0, pending = null;
  zw.say = function (sentence) {
    const wait = Math.max(0, said + 5000 - Date.now());
    clearTimeout(pending);
    pending = setTimeout(function () {
      said = Date.now();
      document.getElementById("zw-say").textContent = sentence;
    }, wait);
  };

  /* ---- times: the same words as portal/web/figures.py ---- */
  zw.span = function (seconds) {
    seconds = Math.max(0, Math.floor(seconds));
    if (seconds < 60) return zw.fill(gettext("%(n)s s"), { n: seconds });
    if (seconds < 5400) return zw.fill(gettext("%(n)s min"), { n: Math.floor(seconds / 60) });
    if (seconds < 172800) return zw.fill(gettext("%(n)s h"), { n: Math.floor(seconds / 3600) });
    return zw.fill(gettext("%(n)s d"), { n: zw.count(Math.floor(seconds / 86400)) });
  };
  /* The server's clock, as far as the page can know it: a browser whose clock is wrong must not age everything. */
  let skew = 0;
  fetchDate();
  function fetchDate() {
    const entry = performance.getEntriesByType("navigation")[0];
    const made = Date.parse(document.querySelector("meta[name='zw-now']")?.content || "");
    if (made && entry) skew = made - (performance.timeOrigin + entry.responseStart);
    if (Math.abs(skew) < 3000) skew = 0;
  }
  zw.now = function () { return Date.now() + skew; };
  function age() {
    for (const time of document.querySelectorAll("time[data-ago]")) {
      const span = zw.span((zw.now() - Date.parse(time.dateTime)) / 1000);
      const words = time.dataset.ago === "span" ? span : zw.fill(gettext("%(span)s ago"), { span: span });
      if (time.textContent !== words) time.textContent = words;
    }
  }
  setInterval(function () { if (!document.hidden) age(); }, 1000);

  /* ---- menus (Alpine, CSP build: no expressions beyond names) ---- */
  document.addEventListener("alpine:init", function () {
    window.Alpine.data("zwMenu", function () {
      return {
        open: false,
        get closed() { return !this.open; },
        get expanded() { return this.open ? "true" : "false"; },
        init() {
          this.away = (event) => { if (this.open && !this.$root.contains(event.target)) this.close(false); };
          this.keys = (event) => this.onKey(event);
          document.addEventListener("pointerdown", this.away);
          this.$root.addEventListener("keydown", this.keys);
          this.$root.addEventListener("focusout", (event) => {
            if (event.relatedTarget && !this.$root.contains(event.relatedTarget)) this.open = false;
          });
        },
        destroy() { document.removeEventListener("pointerdown", this.away); },
        items() { return [...this.$refs.panel.querySelectorAll("a[href], button, input")]; },
        toggle() { if (this.open) this.close(true); else { this.open = true; this.$nextTick(() => this.items()[0]?.focus({ focusVisible: true })); } },
        close(giveBack) { this.open = false; if (giveBack) this.$refs.button.focus(); },
        onKey(event) {
          if (!this.open) return;
          const items = this.items(), here = items.indexOf(document.activeElement);
          const to = { ArrowDown: here + 1, ArrowUp: here - 1, Home: 0, End: items.length - 1 }[event.key];
          if (event.key === "Escape") { this.close(true); event.stopPropagation(); event.preventDefault(); }
          else if (to !== undefined && items.length && event.target.type !== "text") { items[(to + items.length) % items.length].focus(); event.preventDefault(); }
        },
      };
    });
  });

  /* ---- dialogs ---- */
  let opener = null;
  zw.open = function (dialog) {
    if (!dialog || dialog.open) return;
    opener = document.activeElement;
    dialog.showModal();
    dialog.querySelector("[autofocus]")?.focus();
    dialog.addEventListener("close", function () { if (opener && opener.isConnected) opener.focus(); }, { once: true });
  };
  document.addEventListener("click", function (event) {
    const target = event.target.closest("[data-zw-open], [data-zw-close], [data-zw-side], [data-zw-prefer], [data-zw-copy], [aria-disabled='true']");
    if (event.target.matches("dialog")) event.target.close();   /* the backdrop */
    if (!target) return;
    if (target.getAttribute("aria-disabled") === "true") { event.preventDefault(); event.stopImmediatePropagation(); return; }
    if (target.dataset.zwOpen) zw.open(document.getElementById(target.dataset.zwOpen));
    if ("zwClose" in target.dataset) target.closest("dialog")?.close();
    if ("zwSide" in target.dataset) side(target);
    if (target.dataset.zwPrefer) prefer(target);
    if (target.dataset.zwCopy) navigator.clipboard?.writeText(target.dataset.zwCopy).then(function () { zw.toast("good", target.dataset.zwCopied || gettext("Copied.")); });
  }, true);

  function side(button) {
    const panel = document.getElementById("zw-side");
    const open = panel.classList.toggle("is-open");
    button.setAttribute("aria-expanded", String(open));
    if (open) panel.querySelector("a, button").focus();
    if (!open) return;
    const close = function (event) {
      if (event.type === "keydown" ? event.key !== "Escape" : panel.contains(event.target) || button.contains(event.target)) return;
      panel.classList.remove("is-open");
      button.setAttribute("aria-expanded", "false");
      if (event.type === "keydown") button.focus();
      document.removeEventListener("pointerdown", close);
      document.removeEventListener("keydown", close);
    };
    document.addEventListener("pointerdown", close);
    document.addEventListener("keydown", close);
  }

  /* ---- theme, density: at once here, kept by the server ---- */
  function prefer(button) {
    const name = button.dataset.zwPrefer, value = button.dataset.value;
    document.documentElement.dataset[name] = value;
    for (const other of document.querySelectorAll("[data-zw-prefer='" + name + "']")) other.setAttribute("aria-checked", String(other === button));
    zw.keep({ [name]: value });
    document.dispatchEvent(new CustomEvent("zw:" + name, { detail: value }));
  }
  zw.keep = function (values) {
    if (!body.dataset.preferences) return Promise.resolve();
    return fetch(body.dataset.preferences, {
      method: "POST", body: new URLSearchParams(values), credentials: "same-origin",
      headers: { "X-CSRFToken": body.dataset.csrf, "X-Requested-With": "fetch" },
    }).then(function (answer) { if (!answer.ok) throw new Error(answer.status); })
      .catch(function () { zw.toast("attention", gettext("This choice holds for this page only: it could not be kept.")); });
  };
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", function () {
    document.dispatchEvent(new CustomEvent("zw:theme", { detail: document.documentElement.dataset.theme }));
  });

  /* ---- toasts: 8 s, staying while hovered or focused, also in the bell ---- */
  const ICONS = { good: "circle-check", bad: "circle-x", attention: "alert-triangle" };
  zw.toast = function (tone, text, link) {
    const toast = zw.make("div", { class: "zw-toast zw-toast--" + tone });
    const words = zw.make("div", {}, text);
    if (link) words.append(" ", zw.make("a", { href: link.url }, link.text));
    toast.append(zw.icon(ICONS[tone] || ICONS.good), words);
    document.getElementById("zw-toasts").append(toast);
    live(toast);
    remember({ tone: tone, text: text, link: link || null, at: new Date(zw.now()).toISOString() });
  };
  function live(toast) {
    let timer = null;
    const start = function () { timer = setTimeout(function () { toast.remove(); }, 8000); };
    const stop = function () { clearTimeout(timer); };
    for (const name of ["pointerenter", "focusin"]) toast.addEventListener(name, stop);
    for (const name of ["pointerleave", "focusout"]) toast.addEventListener(name, start);
    const close = zw.make("button", { type: "button", class: "zw-icon-button", "aria-label": gettext("Dismiss") });
    close.append(zw.icon("x", "zw-icon--sm"));
    close.addEventListener("click", function () { toast.remove(); });
    toast.append(close);
    start();
  }
  document.addEventListener("zw:toast", function (event) { zw.toast(event.detail.tone || "good", event.detail.text || event.detail.value || "", event.detail.link); });

  const KEPT = "zw-ended";
  function ended() { try { return JSON.parse(sessionStorage.getItem(KEPT)) || []; } catch (error) { return []; } }
  function remember(entry) {
    try { sessionStorage.setItem(KEPT, JSON.stringify([entry].concat(ended()).slice(0, 20))); } catch (error) { /* private mode: the toast was shown */ }
    document.getElementById("zw-bell-dot")?.removeAttribute("hidden");
    drawBell();
  }
  function drawBell() {
    const bell = document.getElementById("zw-bell");
    if (!bell) return;
    for (const old of bell.querySelectorAll(".zw-bell-row")) old.remove();
    const entries = ended();
    document.getElementById("zw-bell-none").hidden = entries.length > 0;
    for (const entry of entries) {
      const row = zw.make(entry.link ? "a" : "div", { class: "zw-bell-row", href: entry.link?.url });
      const time = zw.make("time", { datetime: entry.at, "data-ago": "" });
      row.append(zw.icon(ICONS[entry.tone] || ICONS.good), zw.make("span", { class: "zw-grow" }, entry.text), time);
      bell.append(row);
    }
    age();
  }

  document.addEventListener("DOMContentLoaded", function () {
    for (const toast of document.querySelectorAll("[data-zw-toast]")) {
      remember({ tone: [...toast.classList].find((name) => name.startsWith("zw-toast--"))?.slice(10) || "good", text: toast.textContent.trim(), link: null, at: new Date(zw.now()).toISOString() });
      live(toast);
    }
    drawBell();
    document.getElementById("zw-bell")?.closest(".zw-menu-anchor").addEventListener("click", function () { document.getElementById("zw-bell-dot").hidden = true; });
    age();
  });
})();
