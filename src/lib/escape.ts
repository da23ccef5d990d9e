// The five characters that mean something in markup.
const SPECIAL: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** For content and quoted attributes, of HTML and XML alike. */
export const escapeMarkup = (text: string): string => text.replace(/[&<>"']/g, (char) => SPECIAL[char] ?? char);
