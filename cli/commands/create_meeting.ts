// `create-meeting`: a meeting to try the cluster with, made as a tenant's own software makes one.
import { createNodeClient, type NodeAddress, NodeError, signedUrl } from "../../src/bbb/client.ts";
import type { Params } from "../../src/bbb/query.ts";
import { isSuccess, messageKeyOf } from "../../src/bbb/response.ts";
import { childText, parseXml, type XmlElement, XmlError } from "../../src/bbb/xml.ts";
import { VERSION } from "../../src/version.ts";
import { frontendKeys } from "../complete_values.ts";
import { findFrontend } from "../lookup.ts";
import { reportTo } from "../report.ts";
import { type Cli, CliError, type CommandSpec } from "../types.ts";
import { WORDS } from "../words.ts";

/** A server gives up after 60 s. */
const TIMEOUT_MS = 65_000;

export const createMeeting: CommandSpec = {
  name: "create-meeting",
  aliases: ["cm"],
  summary: "create a meeting to try the cluster with, and print a link to join it",
  options: [
    { flags: "--frontend <key>", summary: "tenant of the meeting", required: true, complete: frontendKeys },
    { flags: "--name <name>", summary: "name of the meeting; two random words otherwise" },
    { flags: "--param <key=value>", summary: "another parameter of create", repeatable: true },
  ],
  examples: ["b3scalectl create-meeting --frontend greenlight --name Test --param record=true --param duration=10"],
  async run(cli, given) {
    const { terminal, random, apiUrl } = cli;
    const { api } = await cli.connect();
    const name = given.text("name") || randomName(random);
    const params = new Map([["meetingID", randomID(random)], ["name", name], ...given.texts("param").map(pairOf)]);
    const { bbb } = await findFrontend(api, given.text("frontend") ?? "", "frontend not found");
    const { say, give } = reportTo(terminal, given);

    const meetingID = params.get("meetingID") ?? "";
    say(`Creating Meeting: ${params.get("name")} ( ${meetingID} )`);
    const gateway: NodeAddress = {
      id: bbb.key,
      host: `${apiUrl}/bbb/${encodeURIComponent(bbb.key)}/`,
      secret: bbb.secret,
      checksum_algorithm: "sha256", // 1.x knows no longer one
    };
    const created = await create(cli, gateway, params);
    const join = new Map([["meetingID", meetingID], ["fullName", randomName(random)], ["role", "MODERATOR"]]);
    const joinURL = signedUrl(gateway, { resource: "join", params: join });
    const internalMeetingID = childText(created, "internalMeetingID");
    say(`Internal ID: ${internalMeetingID}`);
    say(`Created: ${childText(created, "createDate")}`);
    say(`Join URL: ${joinURL}`);
    give({ meetingID, internalMeetingID, joinURL });
  },
};

/** @throws CliError */
async function create({ fetch, clock }: Cli, gateway: NodeAddress, params: Params): Promise<XmlElement> {
  const failed = (reason: string) => new CliError(`meeting was not created on server: ${reason}`);
  try {
    const { body, status } = await createNodeClient({ fetch, fetchOnce: fetch, clock }).call(gateway, {
      method: "POST",
      resource: "create",
      params,
      headers: { "content-type": "application/xml", "user-agent": `b3scalectl/${VERSION}` },
      idempotent: true, // a second create of the same meeting finds the first
      timeoutMs: TIMEOUT_MS,
    });
    const text = new TextDecoder().decode(body);
    if (!text.trimStart().startsWith("<")) throw failed(`HTTP status ${status}`);
    const root = parseXml(text); // 1.x says why it failed with status 500
    if (isSuccess(root)) return root;
    throw failed(`${childText(root, "message")} (${messageKeyOf(root)})`);
  } catch (error) {
    if (error instanceof NodeError || error instanceof XmlError) throw failed(error.message);
    throw error;
  }
}

function pairOf(param: string): [string, string] {
  const split = param.indexOf("=");
  if (split < 1) throw new CliError(`invalid param: ${param}`);
  return [param.slice(0, split), param.slice(split + 1)];
}

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const LENGTH_OF_ID = 23;

const oneOf = <Item>(items: ArrayLike<Item>, random: () => number) => items[Math.floor(random() * items.length)];

const randomID = (random: () => number): string =>
  Array.from({ length: LENGTH_OF_ID }, () => oneOf(ALPHABET, random)).join("");

/** `Amber Otter` */
const randomName = (random: () => number): string =>
  [1, 2].map(() => oneOf(WORDS, random) ?? "").map((word) => `${word.charAt(0).toUpperCase()}${word.slice(1)}`)
    .join(" ");
