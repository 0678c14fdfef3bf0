import { CWD_FLAG, command, STACK_FLAG } from "../shared/command";

export const rotate = command({
  name: "rotate",
  group: "stack",
  summary: "Raises the epoch of a secret and shows what restarts.",
  description:
    "Compares the plans before and after, offline, and changes one number in Pulumi.<stack>.yaml. It deploys nothing.",
  forms: ["<secret> [flags]"],
  flags: {
    ...STACK_FLAG,
    ...CWD_FLAG,
    "--preview": "show what would change, and leave the file as it is",
    "--json": "print the difference as JSON",
  },
  examples: [
    ["rotate database-crm --stack prod", "new logins for the CRM's database"],
    ["rotate certificates --stack prod --preview", "what new certificates would restart"],
  ],
  details: "npx trellis secrets list shows the names. The output ends with the next command to type.",
  words: "any",
  exitCodes: {
    3: "nothing was changed: no setting rotates this secret; follow the printed command or runbook",
  },
  run: async (given) => (await import("../secrets")).rotate(given),
});
