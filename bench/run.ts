import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";

/** `npm run bench -- <name> [flags]`: each benchmark is a file here whose default export runs it. */
const [name, ...flags] = process.argv.slice(2);
const file = join(import.meta.dirname, `${name}.ts`);

if (!name || !existsSync(file) || !("default" in (await import(file)))) {
  const files = readdirSync(import.meta.dirname).filter((each) => each.endsWith(".ts") && each !== "run.ts");
  const names = files.map((each) => each.replace(/\.ts$/, "")).filter((each) => !each.includes("-"));
  console.error(`usage: npm run bench -- <name> [flags]; there are: ${names.join(", ")}`);
  process.exit(2);
}
const { default: bench } = (await import(file)) as { default: (argv: string[]) => Promise<void> };
await bench(flags);
