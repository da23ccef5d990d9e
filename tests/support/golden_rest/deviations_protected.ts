// Protected playback: links and the question of the server that plays.
import type { Json } from "../golden/vector.ts";
import type { ExpectedAnswer, RestVector } from "./vector.ts";

type Answers = (vector: RestVector) => { response: ExpectedAnswer };

const JSON_TYPE = { "content-type": "application/json" };
const answer = (status: number, json: Json): Answers => () => ({ response: { status, headers: JSON_TYPE, json } });

const FORBIDDEN = answer(403, { message: "Forbidden" });
/** Our page with the recorded sentences. */
const page = (status: number): Answers => () => ({
  response: {
    status,
    headers: { "content-type": "text/html; charset=UTF-8" },
    text: "{{text}}<!DOCTYPE html>{{text}}<h1>You are not allowed to access this recording.</h1>" +
      "<p>The provided link is invalid or has expired.</p>{{text}}",
  },
});

export const PROTECTED_DEVIATIONS: Readonly<Record<string, Answers>> = {
  "protected.show": ({ response }) => ({
    response: {
      ...response,
      headers: {
        ...response.headers,
        "set-cookie": "_b3s_protected={{jwt}}; Path=/; Max-Age=28800; HttpOnly; SameSite=Lax",
      },
    },
  }),
  "protected.show-hs256-accepted": page(403),
  "protected.show-expired": page(403),
  "protected.show-garbage": page(403),
  "protected.show-unknown-frontend": page(404),
  "protected.show-unknown-format": answer(404, { message: "Not Found" }),
  "protected.show-no-audience": page(403),
  "protected.show-audience-without-colon": page(403),
  "protected.auth-cookie-ok": FORBIDDEN,
  "protected.auth-cookie-deep-path": FORBIDDEN,
  "protected.auth-cookie-wrong-scope": FORBIDDEN,
  "protected.auth-unknown-recording": FORBIDDEN,
};

/** Not marked in the recording: pages have our markup. */
export const PROTECTED_UNMARKED: readonly string[] = ["protected.show-expired", "protected.show-garbage"];
