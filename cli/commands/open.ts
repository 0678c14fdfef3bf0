import { command } from "../shared/command";

export const open = command({
  name: "open",
  group: "local",
  summary: "Opens a page of the stack that runs here, or the report.",
  description:
    "Without a browser or a desktop, it prints the address alone. The pages of rain and datasurface need `trellis start --serve` in another terminal; the report is the last one if none runs.",
  forms: ["rain|datasurface|report"],
  flags: { "--print": "print the address instead" },
  examples: [
    ["open rain", "the rain API's documentation, where requests can be tried"],
    ["open report", "what ran, and what was found"],
  ],
  words: "any",
  offers: ["rain", "datasurface", "report"],
  run: async (given) => (await import("../open")).open(given),
});
