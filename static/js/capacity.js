/* The capacity page's chart: a measured share over time against the cloud's own thresholds. The same numbers are in the
   table below it; what is said aloud is the sentence. Drawn again when the theme, the width or the data changes. */
(function () {
  "use strict";
  const zw = window.zw;
  let plot = null, box = null, watched = null, zone = "UTC";

  function settings(data, width) {
    const line = zw.colour("--zw-fill"), area = zw.colour("--zw-accent-tint"), grid = zw.colour("--zw-line");
    const ticks = zw.colour("--zw-text-3"), notify = zw.colour("--zw-attention"), disable = zw.colour("--zw-bad");
    const font = "11px " + getComputedStyle(document.body).fontFamily;
    const marks = [[data.notify, data.notifyText, notify], [data.disable, data.disableText, disable]].filter((mark) => mark[0] !== null);

    function range() {
      const shown = data.shares.filter((share) => share !== null).concat(marks.map((mark) => mark[0]).filter((limit) => near(limit)));
      const low = Math.min.apply(null, shown), high = Math.max.apply(null, shown), room = Math.max(2, (high - low) * 0.12);
      const floor = Math.max(0, Math.floor(low - room)), ceiling = Math.max(Math.min(100, Math.ceil(high + room)), Math.ceil(high));
      return [floor, Math.max(ceiling, floor + 8)];   /* noise on a flat line is no mountain range */
    }
    /* A threshold far above a nearly empty place would press the line flat. */
    function near(limit) {
      const high = Math.max.apply(null, data.shares.filter((share) => share !== null));
      return limit - high < 45;
    }
    function thresholds(u) {
      const context = u.ctx;
      context.save();
      context.font = 11 * devicePixelRatio + "px " + getComputedStyle(document.body).fontFamily;
      for (const [limit, text, colour] of marks) {
        const y = Math.round(u.valToPos(limit, "y", true));
        if (y < u.bbox.top || y > u.bbox.top + u.bbox.height) continue;
        context.strokeStyle = context.fillStyle = colour;
        context.lineWidth = 1.3 * devicePixelRatio;
        if (limit === data.notify) context.setLineDash([6 * devicePixelRatio, 3 * devicePixelRatio]); else context.setLineDash([]);
        context.beginPath();
        context.moveTo(u.bbox.left, y);
        context.lineTo(u.bbox.left + u.bbox.width, y);
        context.stroke();
        context.textAlign = "left";
        context.textBaseline = "bottom";
        context.fillText(limit + " % " + text, u.bbox.left + 6 * devicePixelRatio, y - 2 * devicePixelRatio);
      }
      context.restore();
    }
    /* Hours and days as the person's zone has them; a day's name where a day begins. */
    const day = new Intl.DateTimeFormat(zw.locale, { timeZone: data.zone, day: "numeric", month: "short" });
    const month = new Intl.DateTimeFormat(zw.locale, { timeZone: data.zone, month: "short", year: "numeric" });
    const hour = new Intl.DateTimeFormat(zw.locale, { timeZone: data.zone, hour: "2-digit", minute: "2-digit" });
    function times(u, splits, axis, space, step) {
      return splits.map(function (split) {
        const moment = new Date(split * 1000), clock = hour.format(moment);
        if (step >= 28 * 86400) return month.format(moment);
        return step >= 86400 || clock === "00:00" ? day.format(moment) : clock;
      });
    }
    return {
      tzDate: (seconds) => window.uPlot.tzDate(new Date(seconds * 1000), data.zone),
      width: width, height: 300, legend: { show: false }, padding: [10, 12, 0, 0],
      cursor: { drag: { x: false, y: false }, points: { size: 7 } },
      scales: { x: { time: true, range: [data.from, data.to] }, y: { range: range } },
      axes: [
        { stroke: ticks, font: font, space: 70, values: times, grid: { show: false }, ticks: { stroke: grid, width: 1 } },
        { stroke: ticks, font: font, size: 48, grid: { stroke: grid, width: 1 }, ticks: { show: false }, values: (u, values) => values.map((value) => value + " %") },
      ],
      series: [{}, { label: data.label, stroke: line, width: 1.8, fill: area, spanGaps: false, points: { show: data.shares.length < 60, size: 4, fill: line } }],
      hooks: { draw: [thresholds], setCursor: [follow] },
    };
  }

  function follow(u) {
    const index = u.cursor.idx;
    if (!box) return;
    const tip = box.querySelector(".zw-chart-tip");
    if (index === null || index === undefined || u.data[1][index] === null || u.data[1][index] === undefined) { tip.hidden = true; return; }
    tip.hidden = false;
    tip.textContent = new Date(u.data[0][index] * 1000).toLocaleString(zw.locale, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", timeZone: zone }) + " · " + u.data[1][index].toFixed(1) + " %";
  }

  function draw() {
    if (plot) { plot.destroy(); plot = null; }
    box = document.getElementById("capacity-chart");
    const source = box && document.getElementById(box.dataset.chart);
    if (!source || !window.uPlot || !box.clientWidth) return;
    const data = JSON.parse(source.textContent);
    zone = data.zone;
    if (!data.shares.some((share) => share !== null)) return;
    box.replaceChildren();
    const tip = document.createElement("div");
    tip.className = "zw-chart-tip";
    tip.hidden = true;
    tip.setAttribute("aria-hidden", "true");
    plot = new window.uPlot(settings(data, box.clientWidth), [data.times, data.shares], box);
    box.appendChild(tip);
    if (watched !== box) { watcher.disconnect(); watcher.observe(box); watched = box; }
  }
  let width = 0;
  const watcher = new ResizeObserver(function () {
    if (plot && box && box.clientWidth && box.clientWidth !== width) { width = box.clientWidth; plot.setSize({ width: width, height: 300 }); }
  });

  /* [ and ] go to the shorter and the longer time. */
  function step(by) {
    const all = [...document.querySelectorAll("[data-capacity-range]")], now = all.findIndex((one) => one.hasAttribute("aria-current"));
    const to = all[now + by];
    if (to) to.click();
  }
  document.addEventListener("zw:theme", draw);
  document.addEventListener("htmx:afterSwap", function (event) { if (event.detail.target && (event.detail.target.id === "capacity" || document.getElementById("capacity"))) draw(); });
  document.addEventListener("DOMContentLoaded", function () {
    draw();
    if (zw.keys && zw.keys.add) {
      zw.keys.add("[", gettext("Shorter time"), function () { step(-1); });
      zw.keys.add("]", gettext("Longer time"), function () { step(1); });
    }
  });
  if (document.readyState !== "loading") draw();
})();
