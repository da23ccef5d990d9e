// `auth`: tokens out of the shared secret, for this program, for accounts, and for the agents on the nodes.
import { signToken } from "../../src/contract/token.ts";
import { SETTINGS } from "../../src/settings.ts";
import { readDuration } from "../phrases.ts";
import { askSecret, authorize, authorizeOnce, isRefused, readSecret } from "../session.ts";
import { type Cli, CliError, type CommandSpec, type Given, type OptionSpec } from "../types.ts";
import { WORDS } from "../words.ts";

const SECRET = SETTINGS.jwtSecret.name;

const secretOption: OptionSpec = { flags: "--secret <secret>", summary: `the server's ${SECRET}; asked for otherwise` };

const authorizeCommand: CommandSpec = {
  name: "authorize",
  summary: "store an access token for this program",
  options: [{ ...secretOption, summary: `do not ask; without a terminal ${SECRET} serves too` }],
  examples: ["b3scalectl auth authorize", "b3scalectl --api https://b3scale.example.org auth authorize"],
  async run(cli, given) {
    const { terminal, apiUrl } = cli;
    const secret = given.text("secret") || (terminal.readSecret === undefined ? cli.env[SECRET] : undefined);
    if (secret) await authorizeOnce(cli, apiUrl, secret);
    else await askUntilAccepted(cli);
    terminal.write("Secret accepted, b3scalectl is now authorized.\n");
  },
};

async function askUntilAccepted(cli: Cli): Promise<void> {
  for (;;) {
    const secret = await askSecret(cli, cli.apiUrl, `give --secret or ${SECRET}`);
    try {
      return void await authorize(cli, cli.apiUrl, secret);
    } catch (error) {
      if (!isRefused(error)) throw error; // no other secret would help
      cli.terminal.write(`error using the token: ${error.message}\n`);
    }
  }
}

const createAccessToken: CommandSpec = {
  name: "create_access_token",
  summary: "print a token for the REST API",
  options: [
    { flags: "--sub <subject>", summary: "whose it is: the account_ref of frontends, or any name", required: true },
    {
      flags: "--scopes <list>",
      summary: "separated by commas: b3scale:admin (everything), b3scale (frontends of the account)",
      required: true,
    },
    { flags: "--expires <duration>", summary: "when it ends, as 30m, 12h or 7d; never otherwise" },
    secretOption,
  ],
  examples: [
    "b3scalectl auth create_access_token --sub monitoring --scopes b3scale:admin --expires 30d",
    "b3scalectl auth create_access_token --sub account1 --scopes b3scale > account1.jwt",
  ],
  async run(cli, given) {
    const sub = given.text("sub") ?? "";
    const scopes = (given.text("scopes") ?? "").split(",").map((scope) => scope.trim()).filter((scope) => scope !== "");
    const expires = given.text("expires");
    const lifetimeSeconds = expires === undefined ? undefined : readLifetime(expires);
    const now = cli.clock.now();
    const { note } = cli.terminal;
    note(`\n** Creating access token **\n\n     Sub: ${sub}\n  Scopes: ${scopes.join(", ")}`);
    if (lifetimeSeconds !== undefined) note(` Expires: ${new Date(now + lifetimeSeconds * 1000).toISOString()}`);
    note("");
    await printToken(cli, given, { sub, scope: scopes.join(" "), lifetimeSeconds });
  },
};

const authorizeNodeAgent: CommandSpec = {
  name: "authorize_node_agent",
  summary: "print a token for the agent of one node (B3SCALE_API_ACCESS_TOKEN)",
  options: [{ flags: "--ref <name>", summary: "name of the agent; three random words otherwise" }, secretOption],
  examples: ["b3scalectl auth authorize_node_agent --ref node1 > /var/lib/b3scaleagent/jwt"],
  async run(cli, given) {
    const word = () => WORDS[Math.floor(cli.random() * WORDS.length)];
    const sub = given.text("ref") || [word(), word(), word()].join("-");
    await printToken(cli, given, { sub, scope: "b3scale:node" });
  },
};

/** Only the token goes to stdout. */
async function printToken(cli: Cli, given: Given, claims: Parameters<typeof signToken>[1]): Promise<void> {
  const { terminal, env } = cli;
  const secret = given.text("secret") || env[SECRET] || await askForToken(terminal);
  terminal.write(`${await signToken(secret, claims, cli.clock.now())}\n`);
}

async function askForToken(terminal: Cli["terminal"]): Promise<string> {
  terminal.prompt("Please paste your shared secret.\n\nSecret: ");
  return await readSecret(terminal, terminal.prompt, `give --secret or ${SECRET}`);
}

/** As long as a date can be told. */
const LONGEST_SECONDS = 100 * 365 * 86_400;

/** @returns seconds @throws CliError */
function readLifetime(text: string): number {
  const seconds = readDuration(text);
  if (seconds > 0 && seconds <= LONGEST_SECONDS) return seconds;
  throw new CliError(`a token cannot live for "${text}": write 30m, 12h or 7d`);
}

export const auth: CommandSpec = {
  name: "auth",
  summary: "authorize this program, accounts and agents",
  commands: [authorizeCommand, createAccessToken, authorizeNodeAgent],
};
