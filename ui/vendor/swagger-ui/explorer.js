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

// It has dark colours, and leaves it to the page when.
const dark = matchMedia("(prefers-color-scheme: dark)");
const darken = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
dark.addEventListener("change", darken);
darken();

// What Swagger UI makes is not quite what a screen reader and a keyboard need: links in
// buttons, headings that skip a level, a menu without a name. Each time that it draws
// something, that is put right.
function tidy() {
  for (const link of document.querySelectorAll(".opblock-summary-control a[href]")) link.removeAttribute("href");
  for (const heading of document.querySelectorAll("h3.opblock-tag, .models h4")) heading.setAttribute("aria-level", "2"), heading.setAttribute("role", "heading");
  for (const [part, role, name] of [[".information-container", "region", "About the API"], [".scheme-container", "region", "Server"], [".swagger-ui > div > div > div:has(> .filter)", "search", "Filter"]]) {
    const found = document.querySelector(part);
    found?.setAttribute("role", role);
    found?.setAttribute("aria-label", name);
  }
  document.getElementById("servers")?.setAttribute("aria-label", "Server");
  document.querySelector(".operation-filter-input")?.setAttribute("aria-label", "Filter by tag");
}

let due = 0;
new MutationObserver(() => {
  due ||= requestAnimationFrame(() => {
    due = 0;
    tidy();
  });
}).observe(document.getElementById("explorer"), { childList: true, subtree: true });
