import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { taggedReference } from "../../components/shared/pinned-image";
import { type Pin, versions } from "../../components/shared/versions";
import type { Given } from "../shared/command";
import { messageOf } from "../shared/error-message";
import { paletteFor } from "../shared/palette";
import { UsageError } from "../shared/usage-error";
import { digestOf, imageName } from "./registry";
import { withDigests } from "./rewrite";
import { type Resolved, screenOf } from "./screen";

const VERSIONS = fileURLToPath(new URL("../../components/shared/versions.ts", import.meta.url));

type PinsCommandLine = Given<{ "--check": string; "--mirror <url>": string; "--file <path>": string }>;

/** Runs `trellis pins` and returns its exit code: 1 if an image is not resolved, or with --check differs. */
export async function run({ flags }: PinsCommandLine): Promise<number> {
  const { mirror, file = VERSIONS, check = false } = flags;
  if (mirror !== undefined && !URL.canParse(mirror))
    throw new UsageError(
      `--mirror: given ${mirror}; allowed: a URL, for example https://registry.example.com`,
    );
  const resolved = await Promise.all(pins().map((pin) => resolve(pin, mirror)));
  const changed = resolved.filter(({ before, after }) => after !== undefined && after !== before);
  if (!check && changed.length > 0) {
    const digests = new Map(changed.map(({ pin, after = "" }) => [pin, after]));
    writeFileSync(file, withDigests(readFileSync(file, "utf8"), digests));
  }
  process.stdout.write(screenOf(resolved, { check }, paletteFor(process.stdout)));
  return resolved.some(({ problem }) => problem !== undefined) || (check && changed.length > 0) ? 1 : 0;
}

/** The pins that are in a registry, by name. */
function pins(): (readonly [name: string, pin: Pin, image: string])[] {
  return Object.entries<Pin>(versions).flatMap(([name, pin]) => {
    const image = taggedReference(pin);
    return image === undefined ? [] : [[name, pin, image] as const];
  });
}

async function resolve(
  [name, pin, image]: readonly [string, Pin, string],
  mirror: string | undefined,
): Promise<Resolved> {
  const known = { pin: name, image, before: pin.digest ?? "" };
  try {
    return {
      ...known,
      after: await digestOf(imageName(image), mirror === undefined ? undefined : new URL(mirror)),
    };
  } catch (error) {
    return { ...known, problem: messageOf(error) };
  }
}
