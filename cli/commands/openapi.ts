// `export-openapi-schema`: the description of the REST API, without a server.
import { openApi } from "../../src/contract/openapi.ts";
import { VERSION } from "../../src/version.ts";
import type { CommandSpec } from "../types.ts";

export const exportOpenApiSchema: CommandSpec = {
  name: "export-openapi-schema",
  summary: "print the OpenAPI document of the REST API",
  examples: ["b3scalectl export-openapi-schema > b3scale-openapi-v1.json"],
  run: ({ terminal }) => Promise.resolve(terminal.write(`${JSON.stringify(openApi(VERSION), null, 2)}\n`)),
};
