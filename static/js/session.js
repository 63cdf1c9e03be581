/* A session about to end says so two minutes before, and one that has ended leads to the sign-in and back. What pages
   do by themselves is marked, so that it does not keep a session alive. */
(function () {
  "use strict";
  const body = document.body, stateUrl = body.dataset.sessionState, stayUrl = body.dataset.sessionStay;
  const signIn = body.dataset.signIn, MARK = "X-Zonewright-Background", WARN_MS = 120000;
  if (!stateUrl) return;
  let box = null, timer = 0;

  document.addEventListener("htmx:configRequest", function (event) {
    const cause = event.detail.triggeringEvent;
    /* "every 2s" has no event at all; zw:refresh is ours; what a person does is trusted. */
    if (!cause || !cause.isTrusted) event.detail.headers[MARK] = "1";
  });

  function over() {
    if (signIn) window.location.assign(signIn + "?ended=1&next=" + encodeURIComponent(window.location.pathname + window.location.search));
  }
  function clear() { if (box) { box.remove(); box = null; } }
  function warn(endsAt) {
    if (box) return;
    const zw = window.zw;
    const stay = zw.make("button", { type: "button", class: "zw-btn" }, gettext("Stay signed in"));
    const text = zw.make("div", { class: "zw-grow" });
    const strong = zw.make("strong", {}, zw.fill(gettext("Your session ends at %(time)s."), { time: endsAt.toLocaleTimeString(zw.locale, { hour: "2-digit", minute: "2-digit", timeZone: body.dataset.timeZone }) }));
    text.append(strong, " " + gettext("Nothing was done here for a while."));
    box = zw.make("div", { class: "zw-banner zw-banner--attention", role: "alert" });
    box.append(zw.icon("hourglass"), text, stay);
    stay.addEventListener("click", function () {
      fetch(stayUrl, { method: "POST", headers: { "X-CSRFToken": body.dataset.csrf, "X-Requested-With": "fetch" }, credentials: "same-origin" })
        .then(function (answer) { return answer.ok ? answer.json() : Promise.reject(new Error("ended")); })
        .then(function (state) { clear(); plan(state); }, look);
    });
    const main = document.getElementById("main");
    if (main) main.prepend(box);
  }

  function plan(state) {
    window.clearTimeout(timer);
    if (!state.ends_at) { over(); return; }
    const endsAt = new Date(state.ends_at), left = endsAt.getTime() - Date.now();
    if (left <= 0) { timer = window.setTimeout(look, 1000); return; }
    if (left <= WARN_MS) { warn(endsAt); timer = window.setTimeout(look, Math.min(left + 1000, 15000)); return; }
    clear();
    timer = window.setTimeout(look, Math.min(left - WARN_MS, 600000));
  }
  function look() {
    fetch(stateUrl, { headers: { [MARK]: "1", Accept: "application/json" }, credentials: "same-origin" })
      .then(function (answer) {
        if (answer.status === 401) { over(); return null; }
        return answer.ok ? answer.json() : Promise.reject(new Error("later"));
      })
      .then(function (state) { if (state) plan(state); }, function () { timer = window.setTimeout(look, 60000); });
  }
  document.addEventListener("zw:live", function (event) {
    if (event.detail && event.detail.kind === "session.revoked") look();
  });
  document.addEventListener("visibilitychange", function () { if (!document.hidden) look(); });
  timer = window.setTimeout(look, 60000);
})();
