import type { Palette } from "../shared/palette";
import type { Finding } from "./inspect";

/** Renders the findings for a terminal, with a remedy below each unusable program; quietly, these only. */
export function screenOf(
  findings: ReadonlyMap<string, readonly Finding[]>,
  palette: Palette,
  { quiet }: { readonly quiet: boolean },
): string {
  const width = Math.max(...[...findings.values()].flat().map(({ need }) => need.program.length));
  const shown = [...findings].map(
    ([aim, found]) => [aim, found.filter(({ state }) => !quiet || state !== "ok")] as const,
  );
  const blocks = shown
    .filter(([, found]) => found.length > 0)
    .map(([aim, found]) =>
      [palette.bold(aim), ...found.flatMap((finding) => linesOf(finding, width, palette))].join("\n"),
    );
  if (quiet) return blocks.map((block) => `${block}\n`).join("\n");
  const lacking = [...findings.values()].flat().filter(({ state }) => state !== "ok").length;
  const end = lacking === 0 ? "nothing is missing" : `${lacking} to fix; the others are ok`;
  return `${blocks.join("\n\n")}\n\n${end}\n`;
}

function linesOf({ need, state, version }: Finding, width: number, palette: Palette): string[] {
  const name = need.program.padEnd(width);
  if (state === "ok") return [`  ${palette.accent("ok")}       ${name}  ${version}`];
  const mark = need.essential ? palette.error : palette.warning;
  const said = {
    old: `${version} is older than ${need.atLeast}`,
    missing: "not on the PATH",
    broken: `\`${[need.program, ...need.ask].join(" ")}\` does not answer with a version`,
  }[state];
  return [
    `  ${mark(state.padEnd(8))} ${name}  ${said}; needed for ${need.purpose}`,
    `           ${" ".repeat(width)}  ${palette.dim(need.remedy)}`,
  ];
}
