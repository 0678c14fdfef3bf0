import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { onFiles } from "../shared/file-error";
import { LOCAL } from "./folders";
import { isHeld } from "./lock";

/** What a running stack can be reached by, while it runs. */
const serving = z.object({
  /** The login of the superuser, and the major version of the server. */
  postgres: z.object({ port: z.number(), user: z.string(), password: z.string(), version: z.number() }),
  /** The CA certificate of all servers, as a file. */
  authority: z.string(),
  /** The live report. @default not served */
  report: z.string().optional(),
  /** The rain API's pages. @default not served */
  rain: z.string().optional(),
});
export type Serving = z.output<typeof serving>;

interface Place {
  /** @default .local of this checkout */
  readonly folder?: string;
}

const fileIn = (folder: string) => join(folder, "serving.json");
export const authorityIn = (folder: string): string => join(folder, "authority.pem");

/** Tells other commands how the stack is reached; the CA certificate is kept in a file beside it. */
export function announce(
  what: Omit<Serving, "authority">,
  certificate: string,
  { folder = LOCAL }: Place = {},
): void {
  const authority = authorityIn(folder);
  onFiles(folder, () => {
    writeFileSync(authority, certificate, { mode: 0o600 });
    const full: Serving = { ...what, authority };
    writeFileSync(fileIn(folder), `${JSON.stringify(full, undefined, 2)}\n`, { mode: 0o600 });
  });
}

export function withdraw({ folder = LOCAL }: Place = {}): void {
  for (const file of [fileIn(folder), authorityIn(folder)]) rmSync(file, { force: true });
}

/** How the running stack of this checkout is reached; undefined if none runs. */
export async function readServing({ folder = LOCAL }: Place = {}): Promise<Serving | undefined> {
  if (!existsSync(fileIn(folder)) || !(await isHeld(folder))) return undefined;
  return serving.parse(JSON.parse(readFileSync(fileIn(folder), "utf8")));
}
