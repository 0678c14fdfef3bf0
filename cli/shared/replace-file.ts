import { existsSync, realpathSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { onFiles } from "./file-error";

export interface ReplaceFileOptions {
  /** Default: that of the file so far. */
  readonly mode?: number;
  /** Work that must be done when the new file is complete, and before it takes its place. */
  readonly before?: () => void;
}

/** Replaces a file as a whole: a crash leaves the former file or the new one. A link goes on to lead to the file. */
export function replaceFile(
  path: string,
  content: string | Uint8Array,
  { mode, before }: ReplaceFileOptions = {},
): void {
  onFiles(path, () => {
    const target = existsSync(path) ? realpathSync(path) : path;
    const kept = mode ?? (existsSync(target) ? statSync(target).mode & 0o777 : undefined);
    const draft = `${target}.${process.pid}.part`;
    try {
      writeFileSync(draft, content, { ...(kept !== undefined && { mode: kept }), flag: "wx", flush: true });
      before?.();
      renameSync(draft, target);
    } finally {
      rmSync(draft, { force: true });
    }
  });
}
