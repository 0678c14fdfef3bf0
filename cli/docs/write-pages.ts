import { readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { evaluateStack } from "../plan";
import type { Command } from "../shared/command";
import { onFiles } from "../shared/file-error";
import { picturesOf } from "../topology";
import { commandLinePage } from "./command-line-page";
import { runbookIndex } from "./runbooks";
import { modelFileSchema, settingsPage, stackFileSchema } from "./settings-page";
import { architecturePage } from "./structure";

/** The stack whose pictures the documentation shows. */
const PICTURED = "prod";

/** Writes every generated part of the documentation. Returns the paths of the pages. */
export async function writePages(commands: readonly Command[]): Promise<string[]> {
  const repository = resolve(import.meta.dirname, "../..");
  const pages: Readonly<Record<string, (page: string) => string>> = {
    "docs/settings.md": settingsPage,
    "docs/settings.schema.json": stackFileSchema,
    "docs/model.schema.json": modelFileSchema,
    "docs/architecture.md": (page) => architecturePage(page, repository),
    "docs/command-line.md": (page) => commandLinePage(page, commands),
    "docs/runbooks/README.md": () => runbookIndex(repository),
  };
  for (const [name, render] of Object.entries(pages)) {
    const path = join(repository, name);
    onFiles(path, () => writeFileSync(path, render(readFileSync(path, "utf8"))));
  }
  const { evaluation, identity } = await evaluateStack({ cwd: repository, stack: PICTURED });
  const pictures = picturesOf(evaluation, identity);
  for (const [name, drawn] of pictures) {
    const path = join(repository, "docs", name);
    onFiles(path, () => writeFileSync(path, drawn));
  }
  return [...Object.keys(pages), ...[...pictures.keys()].map((name) => `docs/${name}`)];
}
