/* One websocket a page. It tells whether the page is true now (Live, Catching up, Offline, Paused), replays what was
   missed from the last sequence number, and hands each event out as the DOM event "zw:live".
   Elements with data-live-topic (and perhaps data-live-kinds) get "zw:refresh", which htmx may listen to. */
(function () {
  "use strict";
  const zw = window.zw, body = document.body, button = document.getElementById("zw-conn");
  if (!button) return;
  const words = document.getElementById("zw-conn-text");
  const SILENCE_MS = 45000, GATHER_MS = 400, PAUSE_MS = 2000;

  let socket = null, seq = Number(body.dataset.liveAfter) || 0, tries = 0, heard = 0, lost = null, paused = false;
  let target = 0, waiting = [], shown = "", timer = null;
  const started = Date.now();

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
      if (state === "offline") zw.say("Connection lost. What you see is no longer updated.");
      else if (state === "live") zw.say("Live again.");
    }
    shown = state;
  }
  function draw() {
    if (paused) show("paused", waiting.length ? "Paused by you, " + waiting.length + " new" : "Paused by you");
    else if (lost !== null) {
      const seconds = Math.floor((Date.now() - lost) / 1000);
      show("offline", "Offline " + Math.floor(seconds / 60) + ":" + String(seconds % 60).padStart(2, "0"));
    }
    else if (!heard) show("connecting", "Connecting");
    else if (target > 0) show("catching", "Catching up, " + target.toLocaleString("en"));
    else show("live", "Live");
  }

  function connect() {
    const wanted = topics();
    socket = new WebSocket((location.protocol === "https:" ? "wss://" : "ws://") + location.host + "/ws/live/");
    const mine = socket;
    mine.addEventListener("open", function () { if (mine === socket) mine.send(JSON.stringify({ subscribe: wanted, after: seq })); });
    mine.addEventListener("message", function (event) {
      if (mine !== socket) return;
      let message;
      try { message = JSON.parse(event.data); } catch (error) { return; }
      heard = Date.now(); lost = null; tries = 0;
      if (message.subscribed) { target = Number(message.behind) || 0; if (!message.behind && !message.reset) seq = Math.max(seq, 0); }
      if (message.reset) refreshAll();      /* the gap is older than what is kept: read everything anew */
      if (message.at && !message.behind && message.reset) seq = Number(message.at);
      if (message.ping !== undefined) mine.send(JSON.stringify({ pong: message.ping }));
      if (message.events) take(message.events);
      draw();
    });
    mine.addEventListener("close", function (event) {
      if (mine !== socket) return;
      socket = null;
      if (lost === null) lost = Date.now();
      draw();
      if (event.code === 4401) { location.reload(); return; }    /* the session ended: the server sends to the sign-in page */
      const wait = Math.min(30000, 500 * Math.pow(2, Math.min(tries++, 6))) * (0.75 + Math.random() / 2);
      clearTimeout(timer);
      timer = setTimeout(connect, wait);
    });
  }

  function take(events) {
    const fresh = events.filter((event) => !(event.seq <= seq));
    for (const event of fresh) seq = Math.max(seq, event.seq);
    target = Math.max(0, target - events.length);
    if (paused) { waiting = waiting.concat(fresh).slice(-5000); return; }
    hand(fresh);
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
    const named = [event.kind, payload.kind].concat(payload.kinds || [], (payload.changes || []).map((change) => change.kind));
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
    if (!paused) { const held = waiting; waiting = []; hand(held); }
    zw.say(paused ? "Paused. New events wait." : "Going on.");
    draw();
  });
  document.addEventListener("visibilitychange", function () { if (!document.hidden && !socket) { clearTimeout(timer); tries = 0; connect(); } });
  window.addEventListener("online", function () { if (!socket) { clearTimeout(timer); connect(); } });
  window.addEventListener("pagehide", function () { if (socket) { const old = socket; socket = null; old.close(); } });
  window.addEventListener("pageshow", function (event) { if (event.persisted && !socket) connect(); });
  setInterval(function () {
    if (socket && heard && Date.now() - heard > SILENCE_MS) socket.close();
    else if (socket && !heard && Date.now() - started > SILENCE_MS && socket.readyState === 0) socket.close();
    draw();
  }, 1000);

  zw.live = { get seq() { return seq; }, get state() { return shown; } };
  draw();
  connect();
})();
