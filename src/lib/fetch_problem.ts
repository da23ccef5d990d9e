// Why a fetch failed, in words that may be shown.
import { errorText } from "../errors.ts";

const KNOWN =
  /connection refused|dns error|(invalid peer )?certificate:? \w+|connection reset|connection closed|timed out|no answer within \d+ s|ports? .* blocked/i;

/** Never the error's own text: that quotes the URL, and a header it does not take, which may be a token. */
export function fetchProblem(error: unknown): string {
  const text = errorText(error instanceof Error ? error.cause ?? error : error);
  return KNOWN.exec(text)?.[0].toLowerCase() ?? "the connection failed";
}
