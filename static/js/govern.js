/* Accounts, clouds and the audit trail: small parts that need a script. */
(function () {
  "use strict";

  document.addEventListener("alpine:init", function () {
    /* A password that can be looked at. */
    window.Alpine.data("zwSecret", function () {
      return {
        shown: false,
        get pressed() { return this.shown ? "true" : "false"; },
        toggle: function () {
          this.shown = !this.shown;
          var field = this.$root.querySelector("input");
          field.type = this.shown ? "text" : "password";
          field.focus();
        },
      };
    });

    /* Text that is shown once and wants to be copied. */
    window.Alpine.data("zwCopy", function () {
      return {
        copied: false,
        get notCopied() { return !this.copied; },
        copy: function () {
          var self = this;
          var field = this.$root.querySelector("input");
          field.select();
          if (navigator.clipboard) { navigator.clipboard.writeText(field.value).then(function () { self.copied = true; }); }
          else { self.copied = document.execCommand("copy"); }
        },
      };
    });
  });
})();
