#!/usr/bin/env node
// The command line of Trellis. Node runs this file as it is; all that it loads is TypeScript.

import { readFileSync } from "node:fs";
import { front } from "./command-line/front.mjs";

const argv = process.argv.slice(2);
const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));

// Help needs only the commands' descriptions, which are kept as one file: tsx alone takes about 200 ms to load.
const beforeDashes = argv.includes("--") ? argv.slice(0, argv.indexOf("--")) : argv;
const asksForText = argv.length === 0 || beforeDashes.some((word) => /^(-h|--help|-V|--version)$/.test(word));
const isText = asksForText || argv[0] === "help" || argv[0] === "completion";

const { trellis } = (isText && (await front())) || (await import("tsx"), await import("./command-line/entry.ts"));
process.exitCode = await trellis(argv, version);
