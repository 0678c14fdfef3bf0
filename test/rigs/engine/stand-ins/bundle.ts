import { resolve } from "node:path";
import { build, type Plugin } from "esbuild";

/** Pulumi's SDK brings a compiler along, to send functions of a program elsewhere. Stand-ins send none. */
const withoutCompiler: Plugin = {
  name: "without-compiler",
  setup: ({ onResolve, onLoad }) => {
    onResolve({ filter: /\/typescript-shim$/ }, ({ path }) => ({ path, namespace: "nothing" }));
    onLoad({ filter: /.*/, namespace: "nothing" }, () => ({ contents: "" }));
  },
};

/**
 * Packs the stand-ins with Pulumi's SDK into one file of plain JavaScript, and answers it. The engine starts each of them
 * anew for every operation: so they are there in a quarter of the time.
 */
export async function bundleStandIns(outdir: string): Promise<string> {
  await build({
    entryPoints: [resolve(import.meta.dirname, "serve.ts")],
    outdir,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    platform: "node",
    target: "node20",
    format: "esm",
    plugins: [withoutCompiler],
    external: ["ts-node"],
    // Packages in the older module format expect these.
    banner: {
      js: [
        "import { createRequire as requireFrom } from 'node:module';",
        "const require = requireFrom(import.meta.url);",
        "const __filename = new URL(import.meta.url).pathname;",
        "const __dirname = new URL('.', import.meta.url).pathname;",
      ].join("\n"),
    },
    logLevel: "error",
  });
  return resolve(outdir, "serve.mjs");
}
