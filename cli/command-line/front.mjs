// The part of the command line that only prints text, as one cached file that plain Node loads in milliseconds.

import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, relative, resolve } from "node:path";

const checkout = resolve(import.meta.dirname, "../..");
const require = createRequire(import.meta.url);

/** The module of entry.ts from the cache, which is made anew if a source has changed. Undefined if that is not possible. */
export async function front() {
  const folder = join(checkout, "node_modules/.cache/trellis");
  // Linked checkouts share their node_modules.
  const file = join(folder, `${createHash("sha256").update(checkout).digest("hex").slice(0, 16)}.cjs`);
  try {
    if (!isFresh(`${file}.json`)) await bundle(folder, file);
    return require(file);
  } catch {
    return undefined; // a read-only folder, or no esbuild: tsx runs the sources
  }
}

/** Whether every source is still as it was when the cache was made. */
function isFresh(ledger) {
  try {
    const sources = Object.entries(JSON.parse(readFileSync(ledger, "utf8")));
    return sources.length > 0 && sources.every(([path, state]) => stateOf(path) === state);
  } catch {
    return false;
  }
}

function stateOf(path) {
  const { mtimeMs, size } = statSync(join(checkout, path));
  return `${mtimeMs} ${size}`;
}

async function bundle(folder, file) {
  const { build } = await import("esbuild");
  const draft = `${file}.${process.pid}`;
  mkdirSync(folder, { recursive: true });
  const { metafile } = await build({
    entryPoints: [join(import.meta.dirname, "entry.ts")],
    outfile: draft,
    bundle: true,
    platform: "node",
    format: "cjs",
    target: "node20",
    metafile: true,
    absWorkingDir: checkout,
    logLevel: "silent",
    // What a command loads to do its work is not part of the text.
    plugins: [
      {
        name: "work-stays-outside",
        setup: ({ onResolve }) => {
          onResolve({ filter: /^\./ }, ({ kind, path, resolveDir }) =>
            kind === "dynamic-import" ? { path: resolve(resolveDir, path), external: true } : undefined,
          );
        },
      },
    ],
  });
  const sources = Object.keys(metafile.inputs).map((path) => relative(checkout, resolve(checkout, path)));
  renameSync(draft, file);
  writeFileSync(draft, JSON.stringify(Object.fromEntries(sources.map((path) => [path, stateOf(path)]))));
  renameSync(draft, `${file}.json`);
}
