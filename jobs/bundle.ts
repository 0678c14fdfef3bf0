import { cp } from "node:fs/promises";
import { resolve } from "node:path";
import { build } from "esbuild";

/**
 * Packs `jobs/cli.ts` and everything that it imports into a folder of plain JavaScript. It starts in a quarter of the
 * time that TypeScript needs, and needs no node_modules. Each domain is a separate chunk, loaded on use. Returns the
 * file to run with Node.
 */
export async function bundleJobs(outdir: string): Promise<string> {
  await build({
    entryPoints: {
      cli: here("cli.ts"),
      "start-parser-thread": here("rain/formats/parser-thread.ts"),
    },
    outdir,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    splitting: true,
    platform: "node",
    target: "node20",
    format: "esm",
    external: ["pg-native"], // an optional dependency of pg that is not installed
    // CommonJS packages expect a `require`.
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    },
    logLevel: "error",
  });
  const besides = {
    "rain-migrations": "rain/migrations",
    "crm-migrations": "crm/migrations",
    "agents-migrations": "agents/migrations",
    "agents-prompts": "agents/prompts",
    "agents-cases": "agents/evaluate/cases",
  };
  for (const [name, source] of Object.entries(besides)) {
    await cp(here(source), resolve(outdir, name), { recursive: true });
  }
  return resolve(outdir, "cli.mjs");
}

const here = (path: string) => resolve(import.meta.dirname, path);
