// The recorded command lines around the commands: authorisation, help, version, completion, database, OpenAPI.
import type { Deviation, Deviations } from "../support/golden_cli/deviations.ts";
import { fails } from "../support/golden_cli/deviations.ts";
import { goldenCliTests } from "../support/golden_cli/tests.ts";

const fatal = (error: string): string => `{{time}} FTL exit with fatal error error=${JSON.stringify(error)}`;

/** 1.x lets the operating system say it. */
const noTerminal = (advice: string): Deviation => () => fails(`there is no terminal to ask for the secret: ${advice}`);
const notAuthorized = noTerminal("run `b3scalectl auth authorize --secret <secret>` first");

/** Ours knows more commands, which stand among the recorded ones. */
const withMore: Deviation = ({ stdout }) => ({ stdout: stdout.map((line) => line && `${line}{{...cut}}`) });

const DEVIATIONS: Deviations = {
  "auth.create_access_token-no-tty": ({ stderr }) => {
    const advice = "give --secret or B3SCALE_API_JWT_SECRET";
    const said = [fatal(`there is no terminal to ask for the secret: ${advice}`)];
    return { stderr: [...stderr.slice(0, -1), "Secret: ", ...said] };
  },
  "auth.implicit-wrong-secret-is-stored": ({ stdout }) => ({
    stdout: stdout.map((line) =>
      line.includes("FTL") ? fatal("message: invalid or expired jwt (wrong secret: no token was stored)") : line
    ),
    config_dir_after: {},
  }),
  "auth.no-tty-no-token": notAuthorized,
  "main.api-unreachable": notAuthorized,
  "db.migrate-unreachable": notAuthorized,

  "main.no-args-bad-token": () =>
    fails("message: invalid or expired jwt (the stored token was refused: run `b3scalectl auth authorize`)"),
  "main.unknown-command": () => ({ stderr: ['unknown command "foo"'] }),
  "main.version": () => ({
    stdout: [
      "b3scalectl v.HEAD\t{{build}}",
      "API status:",
      "b3scale @ {{api}}",
      "",
      "server version: HEAD \tbuild: 0000000",
      "   api version: v1",
      "",
      "Database: b3_ctl",
      "Version:  v2, 'node agent api', applied at: {{go-time}}",
    ],
  }),
  "main.version-flag": () => ({ exit_code: 0, stdout: ["b3scalectl v.HEAD\t{{build}}"], stderr: [] }),

  "completions.generate-top": withMore,
  "completions.generate-show": withMore,
  "openapi.export": () => ({
    stdout: ["{", '  "openapi": "3.1.0",', '  "info": {', '    "title": "b3scale",{{...cut}}'],
  }),
};

goldenCliTests({ auth: 12, completions: 8, main: 11, openapi: 1, db: 2 }, DEVIATIONS);
