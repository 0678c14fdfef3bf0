import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { architecturePage, runbookIndex, settingsPage, stackFileSchema } from "../docs";

/** `npm run docs`: writes the parts of the documentation that are generated from the program. */
const docs = new URL("../../docs/", import.meta.url);
const page = new URL("settings.md", docs);
writeFileSync(page, settingsPage(readFileSync(page, "utf8")));
writeFileSync(new URL("settings.schema.json", docs), stackFileSchema());
const architecture = new URL("architecture.md", docs);
const repository = fileURLToPath(new URL("..", docs));
writeFileSync(architecture, architecturePage(readFileSync(architecture, "utf8"), repository));
writeFileSync(new URL("runbooks/README.md", docs), runbookIndex(repository));
