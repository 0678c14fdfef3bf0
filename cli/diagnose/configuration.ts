import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { SettingsError } from "../../components/settings";
import { settingsOf } from "../plan";
import { isUserError } from "../shared/error-message";
import { output } from "../shared/programs";
import type { Collected } from "./collect";
import type { KnownSecret } from "./masks";

/** A stack's file, and the names in it that tell whose stack it is. */
export function configurationOf(cwd: string, stack: string): { files: Collected; names: string[] } {
  const name = `Pulumi.${stack}.yaml`;
  const path = join(cwd, name);
  if (!existsSync(path)) return { files: new Map(), names: [] };
  return {
    files: new Map([[`configuration/${name}`, readFileSync(path, "utf8")]]),
    names: namesIn(cwd, stack),
  };
}

function namesIn(cwd: string, stack: string): string[] {
  try {
    const settings = settingsOf({ cwd, stack });
    if (settings === undefined) return [];
    const { domain, offsite, images } = settings;
    return [domain, images.repository, ...(offsite ? [offsite.bucket] : [])];
  } catch (error) {
    if (error instanceof SettingsError) return []; // the file is in the archive, and its faults with it
    throw error;
  }
}

/** The secrets of a stack's outputs and configuration, from Pulumi's state. */
export function stackSecrets(cwd: string, stack: string): KnownSecret[] {
  const read = (words: readonly string[]): unknown =>
    JSON.parse(output("pulumi", [...words, "--stack", stack, "--json"], { cwd }).toString());
  const config = Object(read(["config", "--show-secrets"]));
  return [
    ...secretOutputs(read(["stack", "output"]), read(["stack", "output", "--show-secrets"]), "output"),
    ...Object.entries(config).flatMap(([key, entry]) => {
      const { secret, value } = Object(entry);
      return secret === true && typeof value === "string" ? [{ source: key, value }] : [];
    }),
  ];
}

/** The texts that differ between outputs with and without secrets. */
function secretOutputs(hidden: unknown, shown: unknown, path: string): KnownSecret[] {
  if (typeof shown === "string") return hidden === shown ? [] : [{ source: path, value: shown }];
  if (typeof shown !== "object" || shown === null) return [];
  return Object.entries(shown).flatMap(([key, value]) =>
    secretOutputs(
      typeof hidden === "object" && hidden !== null ? Reflect.get(hidden, key) : hidden,
      value,
      `${path}.${key}`,
    ),
  );
}

/** The versions of what took part: this checkout, the programs of this machine, the cluster. */
export function versionsOf(cwd: string, kubectl: (words: readonly string[]) => string): string {
  const lines: readonly (readonly [name: string, read: () => string])[] = [
    ["trellis", () => String(output("git", ["describe", "--always", "--dirty", "--tags"], { cwd }))],
    ["node", () => process.version],
    ["pulumi", () => String(output("pulumi", ["version"]))],
    ["kubernetes", () => kubectl(["version"])],
  ];
  return lines.map(([name, read]) => `${name}\n${indented(readable(read))}\n`).join("");
}

function readable(read: () => string): string {
  try {
    return read();
  } catch (error) {
    if (!isUserError(error)) throw error;
    return error.message;
  }
}

const indented = (text: string) => text.trim().replaceAll(/^/gm, "  ");
