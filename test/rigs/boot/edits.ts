import type { MachinePart } from "../../../components/servers/machine";
import { laterEtcd } from "./downloads";

/** A change of what a server's user data is rendered from. */
export type Edit = (parts: MachinePart[]) => MachinePart[];

/** Other text in one file of a server, where it has it. */
export const withText =
  (path: string, from: string, to: string): Edit =>
  (parts) =>
    parts.map((part) => ({
      ...part,
      files: (part.files ?? []).map((file) => {
        if (file.path !== path) return file;
        if (!file.content.includes(from)) throw new Error(`${path} does not contain ${from}`);
        return { ...file, content: file.content.replace(from, to) };
      }),
    }));

/** The patch release of etcd that was published last, with the setup's own digests. */
export const withLaterEtcd: Edit = (parts) =>
  parts.map((part) => ({
    ...part,
    ...(part.binaries && {
      binaries: part.binaries.map((each) => (each.url.includes("etcd") ? laterEtcd(each) : each)),
    }),
  }));

export const allOf =
  (...edits: readonly Edit[]): Edit =>
  (parts) =>
    edits.reduce((edited, edit) => edit(edited), parts);
