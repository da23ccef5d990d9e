// `deno task package [amd64] [arm64]`: the packages b3scale and b3scale-agent in dist/, of the binaries that
// `deno task compile` has put there. Needs dpkg-deb and gzip.
//
// BUILD_MAINTAINER   whom the packages name: "Name <address>"
// SOURCE_DATE_EPOCH  time of all files, in seconds; without it the commit's: equal binaries give equal packages
import { dirname } from "node:path/posix";
import { SETTING_GROUPS } from "../../src/settings.ts";

const ROOT = new URL("../..", import.meta.url).pathname;
const HERE = `${ROOT}deploy/deb`;
const FOLDERS = { amd64: "dist", arm64: "dist/arm64" } as const;
type Arch = keyof typeof FOLDERS;

interface Package {
  readonly name: string;
  readonly binaries: readonly string[];
  readonly units: readonly string[];
  /** In /etc/default. */
  readonly settings: string;
  readonly settingsFor: readonly string[];
  readonly settingsPreface: string;
  readonly manuals: readonly string[];
  /** From the project's folder → where it goes; folders with all that is in them. */
  readonly files: readonly (readonly [from: string, to: string])[];
}

const PACKAGES: readonly Package[] = [
  {
    name: "b3scale",
    binaries: ["b3scaled", "b3scalectl"],
    units: ["b3scaled.service", "b3scaled@.service", "b3scaled.target"],
    settings: "b3scale",
    settingsFor: ["b3scaled"],
    settingsPreface:
      "Settings of b3scaled: uncomment what you set, then `systemctl enable --now b3scaled`. At least the\n" +
      "# address, the secret and the database are needed. What they mean: /usr/share/doc/b3scale/configuration.md.gz",
    manuals: ["b3scaled.8", "b3scalectl.1"],
    files: [
      ["cli/shells/b3scalectl.bash", "usr/share/bash-completion/completions/b3scalectl"],
      ["cli/shells/b3scalectl.zsh", "usr/share/zsh/vendor-completions/_b3scalectl"],
      ["cli/shells/b3scalectl.fish", "usr/share/fish/vendor_completions.d/b3scalectl.fish"],
      ["deploy/nginx", "usr/share/b3scale/nginx"],
      ["deploy/fail2ban", "usr/share/b3scale/fail2ban"],
      ["deploy/grafana", "usr/share/b3scale/grafana"],
      ["deploy/prometheus", "usr/share/b3scale/prometheus"],
    ],
  },
  {
    name: "b3scale-agent",
    binaries: ["b3scaleagent"],
    units: ["b3scaleagent.service"],
    settings: "b3scaleagent",
    settingsFor: ["b3scaleagent"],
    settingsPreface:
      "Settings of b3scaleagent: uncomment what you set, then `systemctl enable --now b3scaleagent`. The address\n" +
      "# is needed, and a token here or, as `b3scalectl auth authorize_node_agent` prints it, in /var/lib/b3scaleagent/jwt.\n" +
      "# What they mean: /usr/share/doc/b3scale-agent/configuration.md.gz",
    manuals: ["b3scaleagent.8"],
    files: [["deploy/post_publish", "usr/share/b3scale-agent/post_publish"]],
  },
];

async function build({ name, ...content }: Package, arch: Arch): Promise<void> {
  const folder = ROOT + FOLDERS[arch];
  const version = (await Deno.readTextFile(`${folder}/VERSION`)).trim().replace("-", "~");
  const maintainer = Deno.env.get("BUILD_MAINTAINER") || "b3scale packages <packages@b3scale.invalid>";
  const time = await epoch();
  const stage = await Deno.makeTempDir({ prefix: "b3scale-package-" });
  try {
    const put = async (from: string, to: string, mode = 0o644) => {
      await Deno.mkdir(dirname(`${stage}/${to}`), { recursive: true });
      await Deno.copyFile(from, `${stage}/${to}`);
      await Deno.chmod(`${stage}/${to}`, mode);
    };
    const write = async (to: string, text: string, mode = 0o644) => {
      const file = await Deno.makeTempFile();
      await Deno.writeTextFile(file, text.replaceAll("@VERSION@", version));
      await put(file, to, mode);
      await Deno.remove(file);
    };
    for (const binary of content.binaries) await put(`${folder}/${binary}`, `usr/bin/${binary}`, 0o755);
    for (const unit of content.units) await put(`${ROOT}deploy/systemd/${unit}`, `usr/lib/systemd/system/${unit}`);
    for (const [from, to] of content.files) {
      for (const path of await filesOf(ROOT + from)) {
        const isScript = /\.(sh|rb)$/.test(path);
        await put(ROOT + from + path, to + path, isScript ? 0o755 : 0o644);
      }
    }
    for (const manual of content.manuals) {
      await write(`usr/share/man/man${manual.at(-1)}/${manual}`, await Deno.readTextFile(`${HERE}/man/${manual}`));
    }
    const doc = `usr/share/doc/${name}`;
    for (const path of await filesOf(`${ROOT}docs`)) {
      if (path.endsWith(".md")) await put(`${ROOT}docs${path}`, `${doc}${path === "/README.md" ? "/index.md" : path}`);
    }
    await put(`${ROOT}README.md`, `${doc}/README.md`);
    await put(`${ROOT}CHANGELOG.md`, `${doc}/CHANGELOG.md`);
    await write(`${doc}/changelog`, changelog(name, maintainer, new Date(Number(time) * 1000)));
    await write(`${doc}/copyright`, COPYRIGHT);
    await write(`etc/default/${content.settings}`, settingsFile(content), 0o640);
    await run("find", [
      `${stage}/usr/share/doc`,
      `${stage}/usr/share/man`,
      "-type",
      "f",
      "!",
      "-name",
      "copyright",
      "-exec",
      "gzip",
      "-9n",
      "{}",
      "+",
    ]);

    const size = (await run("du", ["-sk", stage])).split("\t")[0] ?? "";
    const control = (await Deno.readTextFile(`${HERE}/${name}/control`))
      .replace("@ARCH@", arch).replace("@SIZE@", size).replace("@MAINTAINER@", maintainer);
    await write("DEBIAN/control", control);
    await write("DEBIAN/conffiles", `/etc/default/${content.settings}\n`);
    for (const script of ["postinst", "prerm", "postrm"]) {
      await put(`${HERE}/${name}/${script}`, `DEBIAN/${script}`, 0o755);
    }
    await run("chmod", ["-R", "u=rwX,go=rX", `${stage}/usr`]);
    await run("find", [stage, "-type", "d", "-exec", "chmod", "755", "{}", "+"]);
    const out = `${ROOT}dist/${name}_${version}_${arch}.deb`;
    await run("dpkg-deb", ["--build", "--root-owner-group", "-Zxz", stage, out], { SOURCE_DATE_EPOCH: time });
    console.log(out.slice(ROOT.length));
  } finally {
    await Deno.remove(stage, { recursive: true });
  }
}

const isArch = (text: string): text is Arch => Object.hasOwn(FOLDERS, text);

/** Below the path, each with a leading slash; "" for a path that is a file itself. */
async function filesOf(path: string): Promise<string[]> {
  if ((await Deno.stat(path)).isFile) return [""];
  const entries = await Array.fromAsync(Deno.readDir(path));
  const nested = await Promise.all(
    entries.map(async ({ name }) => (await filesOf(`${path}/${name}`)).map((rest) => `/${name}${rest}`)),
  );
  return nested.flat().sort();
}

/** Every setting of the programs, as a comment with its default. */
function settingsFile({ settingsFor, settingsPreface }: Pick<Package, "settingsFor" | "settingsPreface">): string {
  const groups = SETTING_GROUPS.flatMap(([heading, settings]) => {
    const own = Object.values(settings).filter(({ programs }) => programs.some((name) => settingsFor.includes(name)));
    if (own.length === 0) return [];
    return [`# ${heading}\n${own.map(({ name, default: fallback = "" }) => `#${name}=${fallback}\n`).join("")}`];
  });
  return [`# ${settingsPreface}\n`, ...groups].join("\n");
}

/** Debian's own kind, which says no more than where the changes are told. */
function changelog(name: string, maintainer: string, at: Date): string {
  const date = at.toUTCString().replace("GMT", "+0000");
  return `${name} (@VERSION@) stable; urgency=medium\n\n  * See CHANGELOG.md.gz.\n\n -- ${maintainer}  ${date}\n`;
}

async function epoch(): Promise<string> {
  const given = Deno.env.get("SOURCE_DATE_EPOCH");
  if (given) return given;
  try {
    return (await run("git", ["-C", ROOT, "log", "-1", "--format=%ct"])).trim();
  } catch {
    return "0"; // no git, no repository
  }
}

/** @throws Error that says what failed */
async function run(command: string, args: readonly string[], env: Record<string, string> = {}): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(command, { args: [...args], env }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  if (!success) throw new Error(`${command} failed: ${text(stderr) || text(stdout)}`);
  return text(stdout);
}

const COPYRIGHT = `Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: b3scale
Comment: The programs carry the Deno runtime (MIT) and the npm packages that README.md names in them.

Files: *
Copyright: 2026 the authors of b3scale on Deno
License: Apache-2.0
 On Debian systems the full text of the licence is in /usr/share/common-licenses/Apache-2.0.
`;

if (import.meta.main) {
  const wanted = Deno.args.length > 0 ? Deno.args : ["amd64"];
  for (const arch of wanted) {
    if (!isArch(arch)) throw new Error(`"${arch}" is none of ${Object.keys(FOLDERS).join(", ")}`);
    for (const one of PACKAGES) await build(one, arch);
  }
}
