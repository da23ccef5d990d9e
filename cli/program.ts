// From the command line to one command: commander reads the line, the commands are values (types.ts). Unknown and
// missing things are answered as 1.x did (control-plane contract §9).
import { Command, CommanderError, Option } from "commander";
import { VERSION } from "../src/version.ts";
import { goFlags, longName, takesValue } from "./args.ts";
import { connect } from "./session.ts";
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
  const { terminal, env } = deps;
  let code: ExitCode = 0;
  const perform = async (run: Run, command: Command) => {
    const given = givenTo(command);
    const apiUrl = (given.text("api") || env["B3SCALE_API_URL"]?.trim() || DEFAULT_API_URL).replace(/\/+$/, "");
    code = await run({ ...deps, apiUrl, connect: () => connect(deps, apiUrl) }, given) ?? 0;
  };

  function build(command: Command, { options = [], commands = [], ...own }: Omit<CommandSpec, "name">): Command {
    command.summary(own.summary).description(own.summary).aliases(own.aliases ?? []).exitOverride().configureOutput({
      writeOut: terminal.write,
      writeErr: terminal.write, // the help of a group that was called without a command
      outputError: () => {}, // the caller says it in 1.x's words
    });
    for (const option of options) command.addOption(optionOf(option));
    if (own.examples !== undefined) {
      command.addHelpText("after", `\nExamples:\n${own.examples.map((example) => `  ${example}`).join("\n")}`);
    }
    for (const child of commands) build(command.command(child.name), child);
    const { run } = own;
    if (run === undefined) return command.helpCommand("help [command]", "show the help of a command");
    return command.usage(["[options]", own.args ?? ""].join(" ").trim()).argument("[args...]").allowExcessArguments()
      .action(async () => {
        requireFlags(command, options);
        await perform(run, command);
      });
  }

  const program = build(new Command("b3scalectl").version(`b3scalectl v.${VERSION}`, "--version"), {
    ...spec,
    summary: "Operate a cluster of BigBlueButton nodes behind b3scale.",
  });
  const called = goFlags(line, (name) => takesValue(spec, name));
  try {
    await program.parseAsync(called, { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    const command = commandOf(program, called);
    if (error.code === "commander.unknownOption") refuseFlag(command, error.message);
    if (error.code === "commander.unknownCommand") {
      command.outputHelp();
      const [unknown = ""] = command.args;
      if (unknown === "h") return 0;
      for (const hint of error.message.split("\n").slice(1)) terminal.note(hint); // "(Did you mean show?)"
      if (command !== program) throw new CliError(`unknown command "${command.name()} ${unknown}"`);
    } else if (error.exitCode !== 0 && error.code !== "commander.help") {
      throw new CliError(error.message.replace(/^error: /, ""));
    } else if (error.exitCode === 0 || command !== program) {
      return 0; // help or version was asked for, or a group was called alone
    }
    await perform(spec.withoutCommand, program);
  }
  return code;

  function requireFlags(command: Command, options: readonly OptionSpec[]): void {
    const given = givenTo(command);
    const missing = options.filter((option) => option.required).map(longName).filter((name) => !given.has(name));
    if (missing.length === 0) return;
    command.outputHelp();
    throw new CliError(`Required flag${missing.length > 1 ? "s" : ""} "${missing.join(", ")}" not set`);
  }

  function refuseFlag(command: Command, message: string): never {
    const flag = /'-{1,2}([^']*)'/.exec(message)?.[1] ?? "";
    const problem = `flag provided but not defined: -${flag}`;
    terminal.write(`Incorrect Usage: ${problem}\n\n`);
    command.outputHelp();
    const hint = /\(Did you mean .*\)/.exec(message)?.[0];
    if (hint !== undefined) terminal.note(hint);
    throw new CliError(problem);
  }
}

/** As deep as the line's names lead. */
function commandOf(program: Command, line: readonly string[]): Command {
  let command = program;
  for (const word of line) {
    command = command.commands.find((child) => child.name() === word || child.aliases().includes(word)) ?? command;
  }
  return command;
}

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
