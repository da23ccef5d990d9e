// Pages for people: an escaping tag and the three pages that a browser can meet on its way into a meeting.
import { escapeMarkup } from "./escape.ts";

/** Markup that is safe as it stands. */
class Html {
  constructor(readonly text: string) {}
}

/** Every value is escaped unless it was made by this tag. */
export function html(parts: TemplateStringsArray, ...values: readonly (string | number | Html)[]): Html {
  let text = "";
  for (let index = 0; index < parts.length; index++) {
    const value = values[index - 1] ?? "";
    text += (value instanceof Html ? value.text : escapeMarkup(String(value))) + parts[index];
  }
  return new Html(text);
}

const STYLE = html`<style>
body{font:1.1rem/1.5 system-ui,sans-serif;margin:0;min-height:100vh;display:grid;place-items:center;background:#f4f6f8;color:#1b2733}
main{max-width:32rem;padding:1.5rem}h1{font-size:1.4rem}a{color:#0b5cad}
@media(prefers-color-scheme:dark){body{background:#14191f;color:#e6edf3}a{color:#79b8ff}}
.late{visibility:hidden;animation:show 0s 12s forwards}@keyframes show{to{visibility:visible}}
</style>`;

const page = (title: string, head: Html, body: Html): string =>
  html`
    <!DOCTYPE html>
    <html lang="en">
      <head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
    <meta name="referrer" content="no-referrer"><title>${title}</title>${head}${STYLE}</head>
      <body>
        <main><h1>${title}</h1>${body}</main>
      </body>
    </html>
  `.text;

export const errorPage = ({ title, text }: { title: string; text: string }): string =>
  page(title, html``, html`<p>${text}</p>`);

/** Body of a 302: browsers do not show it. */
export function redirectPage(location: string): string {
  const target = html`${location}`;
  return page(
    "Redirecting",
    html`<meta http-equiv="refresh" content="0; url=${target}">`,
    html`<p><a href="${target}">Continue</a></p>`,
  );
}

/** Asks again each second until the meeting's node is there; the link shows when that takes long. */
export const retryPage = (target: string): string =>
  page(
    "Your meeting is starting",
    html`<meta http-equiv="refresh" content="1; url=${target}">`,
    html`
      <p role="status">This page tries again by itself.</p>
      <p class="late"><a href="${target}">Try again now</a></p>
    `,
  );
