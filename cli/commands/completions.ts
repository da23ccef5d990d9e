// `completions`: the shells' side of completion; completions.ts in the folder above is the program's.
import bash from "../shells/b3scalectl.bash" with { type: "text" };
import fish from "../shells/b3scalectl.fish" with { type: "text" };
import zsh from "../shells/b3scalectl.zsh" with { type: "text" };
import type { CommandSpec } from "../types.ts";

const script = (name: string, text: string, ...examples: string[]): CommandSpec => ({
  name,
  summary: `script for ${name}`,
  examples,
  run: ({ terminal }) => Promise.resolve(terminal.write(text)),
});

export const completions: CommandSpec = {
  name: "completions",
  summary: "print the script that completes command lines in a shell",
  examples: ["source <(b3scalectl completions bash)"],
  commands: [
    script(
      "bash",
      bash,
      "source <(b3scalectl completions bash)",
      "b3scalectl completions bash > /etc/bash_completion.d/b3scalectl",
    ),
    script(
      "zsh",
      zsh,
      "source <(b3scalectl completions zsh)",
      "b3scalectl completions zsh > /usr/local/share/zsh/site-functions/_b3scalectl",
    ),
    script(
      "fish",
      fish,
      "b3scalectl completions fish | source",
      "b3scalectl completions fish > ~/.config/fish/completions/b3scalectl.fish",
    ),
  ],
};
