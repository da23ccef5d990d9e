// What frontends' settings ask for that the cluster cannot give. Pure.
import type { BackendJson } from "../../src/contract/backend.ts";
import type { Answer } from "../../src/contract/client.ts";
import type { FrontendJson } from "../../src/contract/frontend.ts";
import { type Check, type Finding, ok, problem, shellWord, summarize, warning } from "./check.ts";

type Frontend = Answer<FrontendJson>;

export function frontendChecks(frontends: readonly Frontend[], backends: readonly Answer<BackendJson>[]): Check[] {
  if (frontends.length === 0) {
    const hint = "run b3scalectl set frontend --secret <secret> <key>";
    return [{ check: "frontend", ...warning("no frontend is registered: nobody can create meetings", hint) }];
  }
  return frontends.map((frontend) => {
    const findings = [
      ...accessFindings(frontend),
      ...tagFindings(frontend, backends),
      ...presentationFindings(frontend),
    ];
    return summarize("frontend", `frontend "${frontend.bbb.key}"`, findings.length === 0 ? [ok("enabled")] : findings);
  });
}

function accessFindings({ active, bbb: { key, secret } }: Frontend): Finding[] {
  return [
    ...secret.trim() === ""
      ? [problem("has no secret", `run b3scalectl set frontend --secret <secret> ${shellWord(key)}`)]
      : [],
    ...active ? [] : [warning("is disabled", `run b3scalectl enable frontend ${shellWord(key)}`)],
  ];
}

/** An empty tag is always satisfied. */
function tagFindings({ settings }: Frontend, backends: readonly Answer<BackendJson>[]): Finding[] {
  const required = (settings.required_tags ?? []).filter((tag) => tag !== "");
  const fits = (backend: Answer<BackendJson>) => required.every((tag) => backend.settings.tags?.includes(tag));
  if (required.length === 0 || backends.some(fits)) return [];
  const opts = shellWord(JSON.stringify({ tags: required }));
  const message = `no node has the tags it requires (${required.join(", ")})`;
  return [warning(message, `run b3scalectl set backend --opts ${opts} <host>, with the node's other tags`)];
}

function presentationFindings({ settings, bbb: { key } }: Frontend): Finding[] {
  const { url = "" } = settings.default_presentation ?? {};
  if (url === "" || /^https?:$/.test(URL.parse(url)?.protocol ?? "")) return [];
  const opts = shellWord(JSON.stringify({ default_presentation: { url: "https://…" } }));
  return [
    problem("its default_presentation is no URL", `run b3scalectl set frontend --opts ${opts} ${shellWord(key)}`),
  ];
}
