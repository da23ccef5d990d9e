// Slides that an operator wants in each meeting of a frontend that brings none of its own, or in every one.
import type { BbbRequest } from "../../bbb/request.ts";
import { childElements, element, parseXml, serializeXml, type XmlElement, XmlError } from "../../bbb/xml.ts";
import type { GatewayMiddleware } from "../types.ts";

export const setDefaultPresentation: GatewayMiddleware = (req, next) => {
  const setting = req.frontend.settings.default_presentation;
  if (req.resource !== "create" || setting === null || setting.url === "") return next(req);
  const modules = setting.force || req.body.length === 0 ? element("modules") : readModules(req);
  if (modules === undefined || modules.children.some(hasDocument)) return next(req);
  const body = new TextEncoder().encode(
    serializeXml({ ...modules, children: [...modules.children, presentation(setting.url)] }),
  );
  return next({ ...req, body, contentType: "application/xml" });
};

/** The client's own modules; undefined for a body that we cannot read, which is the node's to judge. */
function readModules(req: BbbRequest): XmlElement | undefined {
  try {
    const root = parseXml(new TextDecoder().decode(req.body));
    return root.name === "modules" ? root : undefined;
  } catch (error) {
    if (error instanceof XmlError) return undefined;
    throw error;
  }
}

const hasDocument = (node: XmlElement["children"][number]): boolean =>
  typeof node !== "string" && "name" in node && node.attributes.some(([, value]) => value === "presentation") &&
  childElements(node).some(({ name }) => name === "document");

function presentation(url: string): XmlElement {
  const attributes = [["url", url], ["filename", fileName(url)]] as const;
  return {
    name: "module",
    attributes: [["name", "presentation"]],
    children: [{ name: "document", attributes, children: [] }],
  };
}

/** Last segment of the path, decoded; BBB takes the type of the document from its extension. */
function fileName(url: string): string {
  const path = url.split(/[?#]/, 1)[0] ?? url;
  const segment = path.slice(path.lastIndexOf("/") + 1);
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
