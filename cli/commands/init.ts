import { CWD_FLAG, command } from "../shared/command";

export const init = command({
  name: "init",
  group: "before",
  summary: "Writes the settings of a new stack from six answers.",
  description:
    "Asks what the flags do not answer, and writes Pulumi.<stack>.yaml, which passes the checks of settings. Never overwrites a\nfile. Without a terminal it asks nothing: a flag that has no default is then required.",
  forms: ["[<stack>] [flags]"],
  flags: {
    "--environment <name>": "dev: one server; staging: three small ones; prod: three large ones",
    "--zone <zone>": "Hetzner's network zone: eu-central, us-east, us-west or ap-southeast",
    "--domain <domain>": "the parent domain of all endpoints",
    "--ssh-key <key>": "a public key, or the path of its file; default: one in ~/.ssh",
    "--from <ranges>": "who reaches SSH and the API: IPv4 ranges, separated by commas",
    "--images <repository>": "where the images are pushed; default: ghcr.io, as git's origin is named",
    "--contact <address>": "gets notices of expiring certificates; default: git's user.email",
    ...CWD_FLAG,
  },
  examples: [
    ["init", "asks, and writes the file of the stack that is named as the environment"],
    [
      "init acme --environment prod --zone eu-central --domain data.acme.org --from 198.18.7.0/24 --images ghcr.io/acme/trellis",
      "in a script",
    ],
  ],
  words: "any",
  run: async (given) => (await import("../init")).run(given),
});
