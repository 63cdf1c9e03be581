/* Swagger UI, started without anything inline. Writes carry the CSRF token of this session. */
(function () {
  "use strict";
  const settings = document.body.dataset;
  window.SwaggerUIBundle({
    url: settings.schema,
    dom_id: "#api-docs",
    presets: [window.SwaggerUIBundle.presets.apis],
    layout: "BaseLayout",
    deepLinking: true,
    docExpansion: "list",
    validatorUrl: null,
    requestInterceptor: function (request) {
      if (!["GET", "HEAD"].includes((request.method || "GET").toUpperCase())) request.headers["X-CSRFToken"] = settings.csrf;
      return request;
    },
  });
})();
