import { html, type Markup } from "../../shared";
import type { HistoryEntry } from "../history";
import type { Verdict } from "../run";

const HEIGHT = 90;
const TOP = 6;
/** Of one run, in units of the picture, which fills the page's width. */
const STEP = 6;

const STATES: Readonly<Record<string, string>> = {
  well: "ok",
  "with warnings": "warning",
  failing: "failed",
  "not all could be checked": "unknown",
} satisfies Record<Verdict, string>;

/** A bar for each run, oldest first: as high as its score, in the colour of its verdict. */
export function historyChart(runs: readonly HistoryEntry[]): Markup {
  const shown = [...runs].reverse();
  const width = Math.max(1, shown.length) * STEP;
  const bars = shown.map(({ at, score, verdict, failed, warnings, notChecked }, index) => {
    const height = Math.max(2, (score / 100) * (HEIGHT - TOP));
    const ill = [...failed, ...notChecked, ...warnings];
    const said = `${at.slice(0, 16).replace("T", " ")} UTC: ${score}%, ${verdict}${ill.length > 0 ? ` (${ill.join(", ")})` : ""}`;
    return html`<rect class="${STATES[verdict] ?? "none"}" x="${index * STEP + 1}" y="${HEIGHT - height}" width="${STEP - 2}" height="${height}"><title>${said}</title></rect>`;
  });
  const [first, last] = [shown[0]?.at ?? "", shown.at(-1)?.at ?? ""];
  return html`<svg class="history" role="img" viewBox="0 0 ${width} ${HEIGHT}" preserveAspectRatio="none" aria-label="Scores of the last runs">${bars}</svg>
<p class="ends dim"><span>${first.slice(0, 16).replace("T", " ")}</span><span>${last.slice(0, 16).replace("T", " ")} UTC</span></p>`;
}
