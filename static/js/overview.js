/* Overview: nothing of its own to do but say what changed. */
(function () {
  "use strict";
  document.addEventListener("htmx:afterSwap", function (event) {
    if (event.detail.elt.id === "overview-head") {
      const title = document.querySelector("#overview-head h1");
      if (title && title.textContent !== window.zw.overviewTitle) { window.zw.overviewTitle = title.textContent; window.zw.say(title.textContent + "."); }
    }
  });
})();
