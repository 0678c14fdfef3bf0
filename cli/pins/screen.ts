import type { Palette } from "../shared/palette";

/** What a registry said of a pin. */
export interface Resolved {
  readonly pin: string;
  readonly image: string;
  /** The digest in the file; empty if there is none. */
  readonly before: string;
  /** The registry's digest. @default none: it could not be resolved */
  readonly after?: string;
  /** Why not. */
  readonly problem?: string;
}

/** One line for each pin, and below a sum. */
export function screenOf(
  resolved: readonly Resolved[],
  { check }: { readonly check: boolean },
  palette: Palette,
): string {
  const width = Math.max(...resolved.map(({ image }) => image.length));
  const lines = resolved.flatMap(({ image, before, after, problem }) => {
    const name = image.padEnd(width);
    if (after === undefined) return [`${palette.error("failed ")}  ${name}  ${problem ?? ""}`];
    if (after === before) return [`${palette.accent("same   ")}  ${name}  ${after}`];
    if (before === "") return [`${palette.warning("new    ")}  ${name}  ${after}`];
    return [
      `${palette.warning("changed")}  ${name}  ${after}`,
      `         ${" ".repeat(width)}  ${palette.dim(`was ${before}: somebody pushed this tag again`)}`,
    ];
  });
  const failed = resolved.filter(({ problem }) => problem !== undefined).length;
  const changed = resolved.filter(({ before, after }) => after !== undefined && after !== before).length;
  const written = check ? "nothing written" : `${changed} written`;
  return `${lines.join("\n")}\n\n${resolved.length} images and charts, ${changed} changed, ${failed} not resolved; ${written}\n`;
}
