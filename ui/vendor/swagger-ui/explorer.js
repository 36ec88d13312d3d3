// Shows the OpenAPI document of the manager that serves this page. Nothing is
// asked of any other machine: validatorUrl would be, so it is off.
"use strict";

SwaggerUIBundle({
  url: "../openapi3.json",
  dom_id: "#explorer",
  deepLinking: true, // the address bar names the open operation
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
  filter: true,
  operationsSorter: null, // as in the document
  validatorUrl: null,
  presets: [SwaggerUIBundle.presets.apis],
  layout: "BaseLayout",
});
