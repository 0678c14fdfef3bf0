import { command } from "../shared/command";

export const psql = command({
  name: "psql",
  group: "local",
  summary: "Opens a database of the stack that runs here.",
  description:
    "Without psql, it prints the connection string for another client. The databases are rain, customer_db, datasurface_merge and postgres.",
  forms: ["[<database>] [<arguments of psql>]"],
  flags: { "--print": "print the connection string instead" },
  examples: [
    ["psql rain", "while `trellis start --serve` runs in another terminal"],
    ["psql rain -c 'SELECT count(*) FROM reading'", "one statement"],
    ["psql rain --print", "the connection string"],
  ],
  words: "forwarded",
  offers: ["rain", "customer_db", "datasurface_merge", "postgres"],
  exitCodes: { 1: "no stack runs here, or the exit code is psql's own" },
  run: async (given) => (await import("../open")).psql(given),
});
