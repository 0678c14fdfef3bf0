import { CWD_FLAG, command, STACK_FLAG } from "../shared/command";

export const backupConfiguration = command({
  name: "backup-configuration",
  group: "stack",
  summary: "Saves a stack's state and settings, or opens a copy.",
  description: "Encrypts them, and stores them in the off-site bucket or in a file; or decrypts such a file.",
  forms: [
    "[--stack <stack>] [--out <file>] [--recipient <key>] [--cwd <dir>]",
    "--open <file> --identity <file> --into <dir>",
  ],
  flags: {
    ...STACK_FLAG,
    "--out <file>":
      "write to this file instead of the bucket `offsite` in the settings; the bucket's keys are the stack's secrets, or OFFSITE_ACCESS_KEY_ID and OFFSITE_SECRET_ACCESS_KEY",
    "--recipient <key>":
      "encrypt for this public key (age1..., ssh-...) instead of the one of the output snapshotKey",
    ...CWD_FLAG,
    "--open <file>": "decrypt this file, check every checksum, unpack it",
    "--identity <file>": "the private key",
    "--into <dir>": "a new or empty folder",
    "--quiet": "print errors only",
  },
  examples: [
    ["backup-configuration --stack prod", "into the off-site bucket"],
    ["backup-configuration --open saved.age --identity snapshot-key --into saved", "a saved file, checked"],
  ],
  details: "The secrets in a saved state stay encrypted with the stack's passphrase.",
  run: async (given) => (await import("../configuration")).run(given),
});
