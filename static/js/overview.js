/* Overview: A acknowledges the problem that has focus, else the first; the title's change is said. */
(function () {
  "use strict";
  const zw = window.zw;
  zw.keys?.add("a", gettext("Acknowledge the problem"), function () {
    const list = document.getElementById("overview-problems");
    const row = document.activeElement?.closest?.(".zw-problem") || list?.querySelector(".zw-problem");
    const button = row?.querySelector("button[hx-get]");
    if (!button) return false;
    button.click();
  });
  let title = document.querySelector("#overview-head h1")?.textContent;
  document.addEventListener("htmx:afterSettle", function () {
    const now = document.querySelector("#overview-head h1")?.textContent;
    if (now && now !== title) { title = now; zw.say(now + "."); }
  });
})();
