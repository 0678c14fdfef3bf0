import { command } from "../shared/command";

export const pins = command({
  name: "pins",
  group: "repository",
  summary: "Writes the digests of the pinned images and charts.",
  description:
    "Asks the registries for the digests of the pinned images and charts, and writes them into components/shared/versions.ts.",
  forms: ["[flags]"],
  flags: {
    "--check": "write nothing; only compare the file with the registries",
    "--mirror <url>": "ask the registry at this URL for all images",
    "--file <path>": "rewrite this file instead",
  },
  examples: [
    ["pins", "after a version was raised"],
    ["pins --check", "whether a tag was pushed again"],
  ],
  details:
    "A tag whose digest changed was pushed again: find out why before you commit it. An image that cannot be resolved\nkeeps the digest that it has.",
  exitCodes: { 1: "an image cannot be resolved, or with --check has another digest" },
  run: async (given) => (await import("../pins")).run(given),
});
