/* One websocket a page. It tells whether the page is true now (Live, Catching up, Offline, Paused), replays what was
   missed from the last sequence number, and hands each event out as the DOM event "zw:live".
   Elements with data-live-topic (and perhaps data-live-kinds) get "zw:refresh", which htmx may listen to. */
(function () {
  "use strict";
  const zw = window.zw, body = document.body, button = document.getElementById("zw-conn");
  if (!button) return;
  const words = document.getElementById("zw-conn-text");
  const SILENCE_MS = 45000, GATHER_MS = 400, PAUSE_MS = 2000;

  const CHUNK = 25, CHUNK_MS = 40, KEPT_SEQS = 4000;

  /* "after" is the position the server gave last: a reconnection goes on from there. Events between it and the highest
     number seen may come twice, so the numbers seen are kept. */
  let socket = null, after = Number(body.dataset.liveAfter) || 0, tries = 0, heard = 0, lost = null, paused = false;
  let waiting = [], queue = [], draining = null, shown = "", timer = null, opened = 0;
  const seen = new Set();

  function topics() {
    const found = new Set((body.dataset.liveTopics || "").split(/\s+/).filter(Boolean));
    for (const element of document.querySelectorAll("[data-live-topic]")) for (const topic of element.dataset.liveTopic.split(/\s+/)) if (topic) found.add(topic);
    return [...found];
  }

  function show(state, text) {
    button.dataset.state = state;
    if (words.textContent !== text) words.textContent = text;
    body.classList.toggle("zw-is-offline", state === "offline");
    if (shown && shown !== state && !(shown === "connecting" && state === "live")) {
      if (state === "offline") zw.say(gettext("Connection lost. What you see is no longer updated."));
      else if (state === "live") zw.say(gettext("Live again."));
    }
    shown = state;
  }
  function draw() {
    if (paused) show("paused", waiting.length ? zw.fill(ngettext("Paused by you, %(n)s new", "Paused by you, %(n)s new", waiting.length), { n: zw.count(waiting.length) }) : gettext("Paused by you"));
    else if (lost !== null) {
      const seconds = Math.floor((Date.now() - lost) / 1000);
      show("offline", zw.fill(gettext("Offline %(time)s"), { time: Math.floor(seconds / 60) + ":" + String(seconds % 60).padStart(2, "0") }));
    }
    else if (!heard) show("connecting", gettext("Connecting"));
    else if (queue.length) show("catching", zw.fill(gettext("Catching up, %(n)s"), { n: zw.count(queue.length) }));
    else show("live", gettext("Live"));
  }

  function connect() {
    const wanted = topics();
    opened = Date.now();
    socket = new WebSocket((location.protocol === "https:" ? "wss://" : "ws://") + location.host + "/ws/live/");
    const mine = socket;
    mine.addEventListener("open", function () { if (mine === socket) mine.send(JSON.stringify({ subscribe: wanted, after: after })); });
    mine.addEventListener("message", function (event) {
      if (mine !== socket) return;
      let message;
      try { message = JSON.parse(event.data); } catch (error) { return; }
      /* Parts whose refresh failed while the console was away are read again: no new event may come for them. */
      if (lost !== null) for (const part of document.querySelectorAll("[data-live-topic]")) if ("zwQuiet" in part.dataset || part.querySelector(":scope > .zw-part-error")) refresh(part);
      heard = Date.now(); lost = null; tries = 0;
      if (message.reset) refreshAll();      /* the gap is older than what is kept: read everything anew */
      if (message.events) take(message.events);
      if (typeof message.at === "number") after = message.at;
      draw();
    });
    mine.addEventListener("close", function (event) {
      if (mine !== socket) return;
      socket = null;
      if (lost === null) lost = Date.now();
      draw();
      /* The session ended: loading the page leads to the sign-in page. Only once heard, so that it cannot go in circles. */
      if (event.code === 4401) { if (heard) location.reload(); return; }
      const wait = Math.min(30000, 500 * Math.pow(2, Math.min(tries++, 6))) * (0.75 + Math.random() / 2);
      clearTimeout(timer);
      timer = setTimeout(connect, wait);
    });
  }

  function take(events) {
    for (const event of events) {
      if (seen.has(event.seq)) continue;
      seen.add(event.seq);
      if (seen.size > KEPT_SEQS) seen.delete(seen.values().next().value);
      (paused ? waiting : queue).push(event);
    }
    if (waiting.length > 5000) waiting = waiting.slice(-5000);
    drain();
  }
  function drain() {
    if (draining || !queue.length) return;
    hand(queue.splice(0, CHUNK));
    draw();
    if (queue.length) draining = setTimeout(function () { draining = null; drain(); }, CHUNK_MS);
  }
  function hand(events) {
    for (const event of events) {
      document.dispatchEvent(new CustomEvent("zw:live", { detail: event }));
      for (const element of document.querySelectorAll("[data-live-topic]")) if (concerns(element, event)) refresh(element);
    }
  }
  function concerns(element, event) {
    if (!element.dataset.liveTopic.split(/\s+/).includes(event.topic)) return false;
    const kinds = element.dataset.liveKinds;
    if (!kinds) return true;
    const wanted = kinds.split(/\s+/), payload = event.payload || {};
    /* "hosts" hears of hosts, "changes" of any object, "sync.ended" of a sync's end, else the event's own kind. */
    const named = [event.kind, payload.kind].concat(Object.keys(payload.counts || {}));
    if (payload.change || payload.counts) named.push("changes");
    if (event.kind.startsWith("sync.") && ["done", "partial", "failed"].includes(payload.state)) named.push("sync.ended");
    return named.some((name) => wanted.includes(name));
  }

  /* Gather for a moment, then refresh at most every PAUSE_MS; never while the pointer or focus is in a part that must
     hold still (data-live-still): there a "new" button waits. */
  const due = new WeakMap(), last = new WeakMap();
  function refresh(element) {
    if (due.get(element)) return;
    const wait = Math.max(GATHER_MS, (last.get(element) || 0) + PAUSE_MS - Date.now());
    due.set(element, setTimeout(function go() {
      if (!element.isConnected) return;
      if ("liveStill" in element.dataset && (element.matches(":hover") || element.contains(document.activeElement))) {
        element.classList.add("has-news");
        due.set(element, setTimeout(go, 700));
        return;
      }
      element.classList.remove("has-news");
      due.delete(element);
      last.set(element, Date.now());
      window.htmx.trigger(element, "zw:refresh");
    }, wait));
  }
  function refreshAll() { for (const element of document.querySelectorAll("[data-live-topic]")) refresh(element); document.dispatchEvent(new CustomEvent("zw:reset")); }

  button.addEventListener("click", function () {
    paused = !paused;
    if (!paused) { queue = queue.concat(waiting); waiting = []; drain(); }
    zw.say(paused ? gettext("Paused. New events wait.") : gettext("Going on."));
    draw();
  });
  document.addEventListener("visibilitychange", function () { if (!document.hidden && !socket) { clearTimeout(timer); tries = 0; connect(); } });
  window.addEventListener("online", function () { if (!socket) { clearTimeout(timer); connect(); } });
  window.addEventListener("pagehide", function () { if (socket) { const old = socket; socket = null; old.close(); } });
  window.addEventListener("pageshow", function (event) { if (event.persisted && !socket) connect(); });
  setInterval(function () {
    if (socket && heard && Date.now() - heard > SILENCE_MS) socket.close();
    else if (socket && socket.readyState === 0 && Date.now() - opened > SILENCE_MS) socket.close();
    draw();
  }, 1000);

  zw.live = { get after() { return after; }, get state() { return shown; } };
  draw();
  connect();
})();
