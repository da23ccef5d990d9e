// From the command line to one command: commander reads the line, the commands are values (types.ts). Unknown and
// missing things are answered as 1.x did (control-plane contract §9).
import { Command, CommanderError, Option } from "commander";
import { errorText } from "../src/errors.ts";
import { textOf } from "../src/lib/read_setting.ts";
import { SETTINGS } from "../src/settings.ts";
import { BUILD, VERSION } from "../src/version.ts";
import { commandNames, HELP, HELP_NAMES, type Line, longName, readLine, VERSION_FLAG } from "./args.ts";
import { candidates, COMPLETE_FLAG } from "./completions.ts";
import { printable } from "./output.ts";
import { connect, openStored } from "./session.ts";
import {
  type Cli,
  type CliDeps,
  CliError,
  type CommandSpec,
  type ExitCode,
  type Given,
  type OptionSpec,
} from "./types.ts";

export const DEFAULT_API_URL = "http://127.0.0.1:42353";

export interface ProgramSpec {
  readonly options: readonly OptionSpec[];
  readonly commands: readonly CommandSpec[];
  /** Without a command, or with one that nobody knows. */
  readonly withoutCommand: (cli: Cli, given: Given) => Promise<ExitCode | void>;
}

type Run = NonNullable<CommandSpec["run"]>;

/** @throws CliError, ApiError: whatever the command throws */
export async function runProgram(spec: ProgramSpec, line: readonly string[], deps: CliDeps): Promise<ExitCode> {
  if (line.at(-1) === COMPLETE_FLAG) {
    await printCandidates(spec, line.slice(0, -1), deps);
    return 0;
  }
  const { terminal } = deps;
  let code: ExitCode = 0;
  const perform = async (run: Run, given: Given) => {
    const apiUrl = apiUrlOf(deps, given.text("api"));
    code = await run({ ...deps, apiUrl, connect: (options) => connect(deps, apiUrl, options) }, given) ?? 0;
  };
  const { program, commandOf } = buildProgram(spec, deps, perform);
  const called = readLine(spec, line);
  const command = commandOf(called);

  if (called.help) {
    const [unknown] = called.args;
    command.outputHelp();
    if (unknown !== undefined && called.path.at(-1)?.run === undefined) throw unknownCommand(command, unknown);
    return 0;
  }
  try {
    if (called.pending !== undefined) refuse(command, `flag needs an argument: -${longName(called.pending)}`);
    await program.parseAsync([...called.words], { from: "user" });
    return code;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    const hints = error.message.split("\n").slice(1); // "(Did you mean show?)"
    switch (error.code) {
      case "commander.helpDisplayed":
      case "commander.version":
        return 0;
      case "commander.help": // a group was called alone
        break;
      case "commander.unknownOption":
        refuse(command, `flag provided but not defined: ${/'-?(-[^'=]*)/.exec(error.message)?.[1]}`, hints);
        break;
      case "commander.unknownCommand": {
        const unknown = unknownCommand(command, command.args[0] ?? "");
        command.outputHelp();
        for (const hint of hints) terminal.note(hint);
        if (command !== program) throw unknown;
        terminal.note(unknown.message);
        break;
      }
      default:
        refuse(command, error.message.replace(/^error: /, ""));
    }
    if (command === program) await perform(spec.withoutCommand, givenTo(program));
    return code;
  }

  function refuse(command: Command, problem: string, hints: readonly string[] = []): never {
    terminal.write(`Incorrect Usage: ${problem}\n\n`);
    command.outputHelp();
    for (const hint of hints) terminal.note(hint);
    throw new CliError(problem);
  }
}

function buildProgram(
  spec: ProgramSpec,
  { terminal }: Pick<CliDeps, "terminal">,
  perform: (run: Run, given: Given) => Promise<void>,
) {
  const commands = new Map<CommandSpec, Command>();
  const terms = new Map<Command, string>();

  function build(command: Command, { options = [], examples = [], ...own }: Omit<CommandSpec, "name">): Command {
    command.summary(own.summary).description(own.summary).aliases(own.aliases ?? []);
    for (const option of options) command.addOption(optionOf(option));
    if (examples.length > 0) command.addHelpText("after", ["\nExamples:", ...examples].join("\n  "));
    for (const child of own.commands ?? []) {
      const built = command.command(child.name);
      commands.set(child, built);
      terms.set(built, [commandNames(child).join(", "), child.args ?? ""].join(" ").trim());
      build(built, child);
    }
    const { run } = own;
    if (run === undefined) return command.helpCommand("help [command]", "show the help of a command");
    return command.usage(["[options]", own.args ?? ""].join(" ").trim()).allowExcessArguments().action(async () => {
      const given = givenTo(command);
      const missing = options.filter((option) => option.required).map(longName).filter((name) => !given.has(name));
      if (missing.length > 0) {
        command.outputHelp();
        throw new CliError(`Required flag${missing.length > 1 ? "s" : ""} "${missing.join(", ")}" not set`);
      }
      await perform(run, given);
    });
  }

  const columns = () => terminal.columns() || 80;
  const noColours = () => false; // asked for, else commander asks the environment
  const program = new Command("b3scalectl").exitOverride().helpOption(HELP.flags, HELP.summary)
    .configureOutput({
      writeOut: terminal.write,
      writeErr: terminal.write, // the help of a group that was called without a command
      outputError: () => {}, // runProgram() says it in 1.x's words
      getOutHelpWidth: columns,
      getErrHelpWidth: columns,
      getOutHasColors: noColours,
      getErrHasColors: noColours,
    })
    .configureHelp({
      showGlobalOptions: true,
      visibleGlobalOptions: inheritedOptions,
      subcommandTerm: (command) => terms.get(command) ?? `${HELP_NAMES.join(", ")} [command]`,
    });
  build(program, { ...spec, summary: "Operate a cluster of BigBlueButton nodes behind b3scale." });
  program.version(`b3scalectl v.${VERSION}\t${BUILD}`, VERSION_FLAG.flags, VERSION_FLAG.summary);
  const commandOf = ({ path }: Pick<Line, "path">): Command => {
    const last = path.at(-1);
    return last === undefined ? program : commands.get(last) ?? program;
  };
  return { program, commandOf };
}

/** What the levels above take, each flag once. */
function inheritedOptions(command: Command): Option[] {
  const above: Option[] = [];
  for (let parent = command.parent; parent !== null; parent = parent.parent) above.push(...parent.options);
  const known = new Set([...command.options.map((option) => option.long), VERSION_FLAG.flags]);
  return above.filter(({ long }) => !known.has(long ?? "") && known.add(long ?? ""));
}

const unknownCommand = (command: Command, word: string): CliError =>
  new CliError(`unknown command "${[...command.parent === null ? [] : [command.name()], word].join(" ")}"`);

const optionOf = ({ flags, summary, repeatable }: OptionSpec): Option => {
  const option = new Option(flags, summary);
  return repeatable ? option.argParser((value: string, all: string[] = []) => [...all, value]) : option;
};

function givenTo(command: Command): Given {
  const values: Record<string, unknown> = command.optsWithGlobals();
  const valueOf = (flag: string) => values[flag.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase())];
  return {
    args: command.args,
    has: (flag) => valueOf(flag) !== undefined,
    text: (flag) => {
      const value = valueOf(flag);
      return typeof value === "string" ? value : undefined;
    },
    texts: (flag) => {
      const value = valueOf(flag);
      return Array.isArray(value) ? value.map(String) : [];
    },
  };
}

const apiUrlOf = ({ env }: Pick<CliDeps, "env">, given: string | undefined): string =>
  (given || textOf(env, SETTINGS.apiUrl) || DEFAULT_API_URL).replace(/\/+$/, "");

/** Whoever presses Tab waits for it. */
const COMPLETE_WITHIN_MS = 2000;

/** What cannot be found out is left out: the line that is being typed is no place for errors. */
async function printCandidates(spec: ProgramSpec, line: readonly string[], deps: CliDeps): Promise<void> {
  const late = new AbortController();
  const cancel = deps.clock.after(COMPLETE_WITHIN_MS, () => late.abort());
  try {
    const found = await candidates(spec, line, async (url) => {
      const signal = AbortSignal.any([deps.signal, late.signal]);
      const session = await openStored({ ...deps, signal }, apiUrlOf(deps, url));
      if (session === undefined) throw new CliError("no token is stored for this server");
      return session;
    });
    deps.terminal.write(found.filter((value) => printable(value) === value).map((value) => `${value}\n`).join(""));
  } catch (error) {
    deps.log.debug("no candidates", { error: errorText(error) });
  } finally {
    cancel();
  }
}
