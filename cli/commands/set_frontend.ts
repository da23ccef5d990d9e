// `set frontend`: creates a tenant or changes what is set of one.
import { frontendEndpoints } from "../../src/contract/frontend.ts";
import { frontendKeys } from "../complete_values.ts";
import { frontendByKey } from "../lookup.ts";
import { change, reportTo } from "../report.ts";
import { CliError, type CommandSpec } from "../types.ts";
import { SECRET_AND_OPTS, settingsOf } from "./set_options.ts";

export const setFrontend: CommandSpec = {
  name: "frontend",
  summary: "create a tenant, or change its secret or settings",
  args: "<key>",
  complete: frontendKeys,
  options: SECRET_AND_OPTS,
  examples: [
    "b3scalectl set frontend --secret s3cret greenlight",
    `b3scalectl set frontend --opts '{"attendees_limit": {"limit": 200}, "required_tags": null}' greenlight`,
  ],
  async run({ connect, terminal }, given) {
    const [key] = given.args;
    if (key === undefined) throw new CliError("require: <frontend key>");
    const report = reportTo(terminal, given);
    const { say } = report;
    const { api } = await connect();
    say(`getting frontend: ${key}`);
    const existing = await frontendByKey(api, key);
    if (existing === undefined) say("creating frontend");
    const secret = given.text("secret");
    if (secret === "" || (existing === undefined && secret === undefined)) {
      throw new CliError("secret may not be empty");
    }
    const settings = settingsOf(given);

    if (existing === undefined) {
      if (given.has("dry")) {
        say("skipped creating frontend");
        return say("skipped saving changes in frontend");
      }
      const body = { bbb: { key, secret }, ...settings === undefined ? {} : { settings } };
      const created = await api.call(frontendEndpoints.create, { body });
      say(`created frontend: ${created.id} ${created.bbb.key}`);
      return report.give(created);
    }
    const body = {
      ...settings === undefined ? {} : { settings },
      ...secret === undefined || secret === existing.bbb.secret ? {} : { bbb: { secret } },
    };
    return await change(report, given, {
      existing,
      differs: Object.keys(body).length > 0,
      write: () => api.call(frontendEndpoints.update, { params: { id: existing.id }, body }),
      done: "updated frontend",
      skipped: "skipped saving changes in frontend",
    });
  },
};
