// `deno task docs`: writes docs/configuration.md out of src/settings.ts. tests/docs fails when the file is not current.
import type { Setting } from "../src/lib/read_setting.ts";
import { SETTING_GROUPS } from "../src/settings.ts";

const PREFACE = `# Configuration

<!-- Written by \`deno task docs\` out of src/settings.ts: change it there. -->

Every setting of every program. A server needs two of them, [B3SCALE_API_URL](#b3scale_api_url) and
[B3SCALE_API_JWT_SECRET](#b3scale_api_jwt_secret), and nearly always [B3SCALE_DB_URL](#b3scale_db_url).

## Where settings come from

From the environment. While \`B3SCALE_DB_URL\` is not set there, b3scaled and b3scalectl read \`.env\` in the folder they
are started in, \`/etc/default/b3scale\` and \`/etc/sysconfig/b3scale\`, in this order; the agent does so while
\`B3SCALE_API_URL\` is not set. Each file that is read is announced on stderr, and overrides the environment, later files
the earlier ones. Lines are \`NAME=value\`; those that begin with \`#\` are comments; quotes around a value are dropped, and
nothing else is interpreted. A systemd unit names its file itself (\`EnvironmentFile=\`).

An empty value counts as not set. Wrong or missing settings are named on stderr, one line each, and the program ends with
code 1. A name that begins with \`B3SCALE_\` and is no setting is warned of at the start, with the one that was probably
meant. \`B3SCALE_HTTP_READ_HEADER_TIMEOUT\`, \`B3SCALE_HTTP_WRITE_TIMEOUT\` and \`B3SCALE_HTTP_IDLE_TIMEOUT\` of b3scale 1.x
are not used: the reverse proxy in front limits these. Settings are read once: restart the program after a change.

What belongs to one frontend or one node is no setting of a program: it is in the database, and set with
\`b3scalectl set frontend\`, \`b3scalectl set backend\` or a [cluster file](cluster-file.md).

b3scalectl keeps its tokens in \`$XDG_CONFIG_HOME/b3scale\`, without that variable in \`~/.config/b3scale\`, and writes
without colours where \`NO_COLOR\` is set or \`TERM\` is \`dumb\`. Tracing has settings of its own, see [logs.md](logs.md).
`;

/** As `deno fmt` has it. */
export async function configurationReference(): Promise<string> {
  const groups = SETTING_GROUPS.map(([heading, settings]) =>
    `## ${heading}\n\n${Object.values(settings).map(section).join("\n")}`
  );
  return await formatMarkdown([PREFACE, ...groups].join("\n"));
}

function section(setting: Setting<unknown>): string {
  const { name, programs, kind, requiredBy = [], isSecret, isLenient, meaning } = setting;
  const required = `none, and ${requiredBy.join(", ")} ${requiredBy.length > 1 ? "need" : "needs"} it`;
  const facts = [
    `Read by: ${programs.join(", ")}`,
    `Value: ${kind.what}${isSecret ? "; secret, never in a log or an error" : ""}`,
    `Default: ${setting.default === undefined ? requiredBy.length > 0 ? required : "none" : `\`${setting.default}\``}`,
    ...isLenient ? ["A wrong value is warned of, and the default is used"] : [],
  ];
  return `### ${name}\n\n${meaning}\n\n${facts.map((fact) => `- ${fact}\n`).join("")}`;
}

async function formatMarkdown(markdown: string): Promise<string> {
  const config = new URL("../deno.json", import.meta.url).pathname;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["fmt", "--config", config, "--ext", "md", "-"],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const input = child.stdin.getWriter();
  await input.write(new TextEncoder().encode(markdown));
  await input.close();
  const { stdout, success } = await child.output();
  if (!success) throw new Error("deno fmt cannot read the reference");
  return new TextDecoder().decode(stdout);
}

if (import.meta.main) {
  await Deno.writeTextFile(new URL("configuration.md", import.meta.url), await configurationReference());
}
