// A thread knows no TypeScript until it is told. In the bundle this file is parser-thread.ts itself, compiled.
import { workerData } from "node:worker_threads";
import { register } from "tsx/esm/api";

// Before that, because rewriting a library of megabytes as if it were TypeScript takes longer than loading it.
globalThis.DOMMatrix ??= class {}; // only drawing needs one, but the PDF reader asks for it while it loads
for (const library of workerData.libraries) await import(library);

register();
await import("./parser-thread.ts");
