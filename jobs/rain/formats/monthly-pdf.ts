import { type Day, dayIn, daysInMonth, type Month } from "../calendar";
import { type Part, type Reading, RefusedFile } from "../reading";
import { GroupPage } from "./group-page";
import { pagesOf } from "./pdf-text";

/** Reads `pcpMMYY.pdf`: one group of gauges per page, one day per line, newest first. */
export async function* parseMonthlyPdf(bytes: Uint8Array, month: Month): AsyncGenerator<Part> {
  const pages: GroupPage[] = [];
  const seen = new Set<string>();
  let number = 0;
  for await (const lines of pagesOf(bytes)) {
    number += 1;
    if (lines.length === 0) continue;
    const page = new GroupPage(number, month, seen);
    for (const line of lines) page.read(line);
    page.finish();
    pages.push(page);
  }
  const printed = new Set(pages.flatMap((page) => [...page.days]));
  if (printed.size === 0) throw new RefusedFile(`no page has a line for a day of ${month}`);
  for (const page of pages) {
    for (const problem of page.problems) yield { kind: "problem", problem };
    const readings = [...page.readings, ...absent(page, printed)];
    if (readings.length > 0) yield { kind: "readings", readings };
    for (const [gauge, inches] of page.totals) {
      yield {
        kind: "total",
        total: { gauge, from: dayIn(month, 1), to: dayIn(month, daysInMonth(month)), inches },
      };
    }
  }
}

/** A day that other pages list and this one omits is missing for every gauge of this page. */
function absent(page: GroupPage, printed: ReadonlySet<Day>): Reading[] {
  const days = [...printed].filter((day) => !page.days.has(day) && !page.unreadableDays.has(day)).sort();
  return days.flatMap((day) =>
    page.gauges.map((gauge): Reading => ({ gauge, day, inches: null, quality: "not-reported" })),
  );
}
