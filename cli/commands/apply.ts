import { command, STACK_FLAG } from "../shared/command";

export const apply = command({
  name: "apply",
  group: "stack",
  summary: "Brings changed files and programs to running servers.",
  description:
    "Compares each server over SSH with what its first boot would make it now, shows what changes and what restarts, and changes\none server after the other. It waits until a server is healthy, and puts its former files back if it does not get healthy.",
  flags: {
    ...STACK_FLAG,
    "--server <name>": "change this server only",
    "--outputs <file>":
      "what `pulumi stack output --json --show-secrets` printed, `-` for standard input, in place of asking Pulumi",
    "--identity <file>": "the private key for SSH, in place of the agent's and the default ones",
    "--dry-run": "show what would change, and change nothing",
    "--yes": "change without asking",
    "--json": "print what changes as JSON",
  },
  examples: [
    ["apply --stack prod --dry-run", "after `pulumi up`: what the servers still lack"],
    ["apply --stack prod", "one server after the other"],
    ["apply --stack prod --server ubuntu-8gb-fsn1-4", "one server first"],
  ],
  details:
    "Reads the outputs of the last `pulumi up`, so deploy first. Host keys must be known to ssh. The token of the Hetzner project is\nHCLOUD_TOKEN, or hcloud:token of the stack. It can be stopped at any time and run again. K3s itself is upgraded by the\nsystem-upgrade-controller, not by this command.",
  exitCodes: {
    1: "failed, for the reason on stderr; a server that was being changed has its former files back",
    3: "--dry-run: something would change",
    4: "a server cannot be changed in place; the line says what to do",
  },
  run: async (given) => (await import("../apply")).run(given),
});
