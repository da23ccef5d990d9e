// Reads what deploy/ and the Dockerfile say, for the tests that hold them against the programs and one another.
import { parse, parseAllDocuments } from "yaml";

const ROOT = new URL("../..", import.meta.url).pathname;

export const readText = (path: string): Promise<string> => Deno.readTextFile(ROOT + path);

export async function fileExists(path: string): Promise<boolean> {
  return await Deno.stat(ROOT + path).then(() => true, () => false);
}

/** All files below a folder, sorted. */
export async function filesBelow(folder: string): Promise<string[]> {
  const entries = await Array.fromAsync(Deno.readDir(ROOT + folder));
  const nested = entries.map(({ name, isDirectory }) =>
    isDirectory ? filesBelow(`${folder}/${name}`) : [`${folder}/${name}`]
  );
  return (await Promise.all(nested)).flat().sort();
}

export interface ComposeService {
  readonly image: string;
  readonly build?: { readonly context: string; readonly target: string };
  readonly environment?: Readonly<Record<string, string>>;
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly networks?: readonly string[] | Readonly<Record<string, { readonly aliases: readonly string[] }>>;
  readonly read_only?: boolean;
  readonly cap_drop?: readonly string[];
  readonly security_opt?: readonly string[];
  readonly restart?: string;
  readonly stop_grace_period?: string;
  readonly mem_limit?: string;
}

export async function readCompose(): Promise<Readonly<Record<string, ComposeService>>> {
  const file: { services: Record<string, ComposeService> } = parse(
    await readText("deploy/compose/compose.yaml"),
    { merge: true },
  );
  return file.services;
}

interface Probe {
  readonly httpGet: { readonly path: string; readonly port: string };
}

export interface Container {
  readonly name: string;
  readonly image: string;
  readonly env?: readonly { readonly name: string }[];
  readonly ports?: readonly { readonly name: string; readonly containerPort: number }[];
  readonly startupProbe?: Probe;
  readonly livenessProbe?: Probe;
  readonly readinessProbe?: Probe;
  readonly resources?: { readonly limits: { readonly memory: string } };
  readonly securityContext?: unknown;
}

export interface Deployment {
  readonly spec: {
    readonly template: {
      readonly spec: {
        readonly terminationGracePeriodSeconds?: number;
        readonly securityContext: { readonly runAsUser?: number; readonly runAsNonRoot?: boolean };
        readonly initContainers?: readonly Container[];
        readonly containers: readonly Container[];
      };
    };
  };
}

export interface Kustomization {
  readonly resources?: readonly string[];
  readonly components?: readonly string[];
  readonly patches?: readonly { readonly path?: string }[];
  readonly images?: readonly { readonly name: string; readonly newTag: string }[];
  readonly configMapGenerator?: readonly { readonly literals: readonly string[] }[];
}

/** One document of deploy/kubernetes/. T is what the file is taken for. */
export async function readManifest<T>(path: string): Promise<T> {
  return parse(await readText(`deploy/kubernetes/${path}`));
}

export async function readManifests<T>(path: string): Promise<T[]> {
  return parseAllDocuments(await readText(`deploy/kubernetes/${path}`)).map((document) => document.toJS());
}

/** Settings that a kustomization gives to b3scaled. */
export function settingsOf({ configMapGenerator = [] }: Kustomization): Record<string, string> {
  return Object.fromEntries(
    configMapGenerator.flatMap(({ literals }) => literals).map((line) => {
      const at = line.indexOf("=");
      return [line.slice(0, at), line.slice(at + 1)];
    }),
  );
}

/** `1536m` and `1536Mi` alike: in MB. */
export function megabytes(text: string): number {
  const match = /^(\d+)(?:m|Mi)$/.exec(text);
  if (match === null) throw new Error(`"${text}" is not a number of megabytes`);
  return Number(match[1]);
}
