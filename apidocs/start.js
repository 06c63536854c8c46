// Starts Swagger UI on the document that the script's own element names. Logged-in tokens stay in the browser's storage;
// writing requests of a browser session carry its CSRF token.
"use strict";

const address = document.currentScript.dataset.document;

function cookie(name) {
  const found = document.cookie.split("; ").find((pair) => pair.startsWith(name + "="));
  return found ? decodeURIComponent(found.slice(name.length + 1)) : "";
}

function withToken(request) {
  const token = cookie("csrftoken");
  if (token && new URL(request.url, location.href).origin === location.origin) {
    request.headers["X-CSRFToken"] ??= token;
  }
  return request;
}

window.addEventListener("load", () => {
  window.ui = SwaggerUIBundle({
    url: address,
    dom_id: "#swagger-ui",
    deepLinking: true,
    displayRequestDuration: true,
    docExpansion: "list",
    filter: true,
    persistAuthorization: true,
    requestInterceptor: withToken,
    validatorUrl: null,
  });
});
