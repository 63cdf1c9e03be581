/* htmx parts: an error takes only its own card, says so with the request id, and can be tried again. */
(function () {
  "use strict";
  const zw = window.zw;

  function fail(event, sentence) {
    const target = event.detail.target || event.detail.elt;
    if (!target || !target.isConnected || "zwQuiet" in target.dataset) return;
    const xhr = event.detail.xhr, id = xhr && xhr.getResponseHeader ? xhr.getResponseHeader("X-Request-Id") : "";
    const source = event.detail.elt;
    const again = zw.make("button", { type: "button", class: "zw-btn zw-btn--small" }, gettext("Try again"));
    again.addEventListener("click", function () {
      const config = event.detail.requestConfig || {};
      target.querySelector(":scope > .zw-part-error")?.remove();
      window.htmx.ajax(config.verb ? config.verb.toUpperCase() : "GET", config.path || source.getAttribute("hx-get"), { source: source, target: target, values: config.verb && config.verb !== "get" ? config.parameters : undefined });
    });
    const tools = zw.make("div", { class: "zw-row" }, again, id ? zw.make("span", { class: "zw-request-id" }, id) : null);
    target.querySelector(":scope > .zw-part-error")?.remove();
    /* What was readable stays readable: only a part that never arrived is replaced. */
    const readable = target.textContent.trim() && !target.querySelector(":scope > .zw-skeleton");
    const box = zw.make("div", { class: readable ? "zw-part-error zw-banner zw-banner--attention" : "zw-part-error zw-empty zw-empty--bad", role: "alert" });
    if (readable) box.append(zw.icon("plug-connected-x"), zw.make("div", { class: "zw-grow" }, sentence + " " + gettext("What you see is older.")), tools);
    else box.append(zw.icon("plug-connected-x"), zw.make("h3", {}, sentence), tools);
    if (readable) target.prepend(box); else target.replaceChildren(box);
  }

  document.addEventListener("htmx:responseError", function (event) {
    const status = event.detail.xhr.status;
    if (status === 401) return;   /* the answer's HX-Redirect leads to the sign-in page */
    const words = { 
      403: gettext("Your role does not allow this."), 404: gettext("There is nothing here that you may see."),
      409: gettext("It changed meanwhile: load the page again."), 429: gettext("Too many requests: wait a little."),
    };
    const form = event.detail.elt.closest && event.detail.elt.closest("dialog");
    const sentence = words[status] || (status >= 500 ? gettext("This part could not be made.") : zw.fill(gettext("This request was refused (%(status)s)."), { status: status }));
    if (event.detail.requestConfig && event.detail.requestConfig.verb !== "get" && !form) zw.toast("bad", sentence + " " + (event.detail.xhr.getResponseHeader("X-Request-Id") || ""));
    else fail(event, sentence);
  });
  document.addEventListener("htmx:sendError", function (event) { fail(event, gettext("The console did not answer.")); });
  document.addEventListener("htmx:timeout", function (event) { fail(event, gettext("The console did not answer within 30 s.")); });
  document.addEventListener("htmx:afterSwap", function (event) {
    if (event.detail.target.id === "zw-dialog-slot") zw.open(document.getElementById("zw-dialog"));
  });
  /* The answer in a page's title is in the tab's name too: it follows when the part with the heading is read again. */
  let heading = document.querySelector("h1")?.textContent.trim() || "";
  document.addEventListener("htmx:afterSettle", function () {
    const now = document.querySelector("h1")?.textContent.trim() || "";
    if (!now || now === heading) return;
    const rest = document.title.startsWith(heading) ? document.title.slice(heading.length) : document.title.replace(/^.*?(?= · )/, "");
    document.title = now + rest;
    heading = now;
  });
  /* A form with errors (422) is shown in its place. */
  document.addEventListener("htmx:beforeSwap", function (event) {
    if (event.detail.xhr.status === 422) { event.detail.shouldSwap = true; event.detail.isError = false; }
  });
})();
