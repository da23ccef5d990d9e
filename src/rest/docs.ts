// The API's documentation: the OpenAPI document and a page to browse it that loads nothing from other hosts. Called by app.ts.
import script from "swagger-ui-dist/swagger-ui-bundle.js" with { type: "text" };
import style from "swagger-ui-dist/swagger-ui.css" with { type: "text" };
import { openApi } from "../contract/openapi.ts";
import { sizedResponse } from "../lib/sized_response.ts";
import { VERSION } from "../version.ts";

export const DOCS_PAGE = "/static/docs/api-v1.html";
/** Where 1.x has it, too. */
export const OPENAPI_DOCUMENT = "/static/docs/b3scale-openapi-v1.json";

const PAGE = `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<title>b3scale REST API v1</title>
<link rel="stylesheet" href="swagger-ui.css">
</head>
<body>
<main id="docs"><noscript>This page needs JavaScript; the API itself is described in
<a href="b3scale-openapi-v1.json">b3scale-openapi-v1.json</a>.</noscript></main>
<script src="swagger-ui-bundle.js"></script>
<script src="api-v1.js"></script>
</body>
</html>
`;

// The validator would send the document to a server of swagger.io.
const START = `SwaggerUIBundle({
  url: "b3scale-openapi-v1.json",
  dom_id: "#docs",
  deepLinking: true,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  persistAuthorization: false,
  validatorUrl: null,
});
`;

const FILES: Readonly<Record<string, readonly [type: string, text: () => string]>> = {
  [DOCS_PAGE]: ["text/html; charset=utf-8", () => PAGE],
  [OPENAPI_DOCUMENT]: ["application/json", () => JSON.stringify(openApi(VERSION), null, 2) + "\n"],
  "/static/docs/api-v1.js": ["text/javascript; charset=utf-8", () => START],
  "/static/docs/swagger-ui-bundle.js": ["text/javascript; charset=utf-8", () => script],
  "/static/docs/swagger-ui.css": ["text/css; charset=utf-8", () => style],
};

const HEADERS = {
  "cache-control": "public, max-age=3600",
  // The page's library sets styles and draws its icons as data: everything else comes from here.
  "content-security-policy":
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; base-uri 'none'; frame-ancestors 'none'",
  "x-content-type-options": "nosniff",
};

/** @returns undefined for a path that is none of the documentation's */
export function serveDocs(path: string): Response | undefined {
  const file = Object.hasOwn(FILES, path) ? FILES[path] : undefined;
  if (file === undefined) return undefined;
  const [type, text] = file;
  return sizedResponse(text(), 200, [["content-type", type], ...Object.entries(HEADERS)]);
}
