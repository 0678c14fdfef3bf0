import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { UserError } from "../../components/shared/user-error";
import type { Given } from "../shared/command";
import { UsageError } from "../shared/usage-error";
import { OUT, readServing, type Serving } from "../start";

const PAGES = ["rain", "datasurface", "report"] as const;
type Page = (typeof PAGES)[number];

/** Runs `trellis open`. */
export async function open({ words, flags }: Given<{ "--print": string }>): Promise<void> {
  const [word, ...surplus] = words;
  const page = PAGES.find((each) => each === word);
  if (page === undefined || surplus.length > 0)
    throw new UsageError(`what to open: given ${words.join(" ") || "nothing"}, allowed: ${PAGES.join(", ")}`);
  const address = addressOf(page, await readServing());
  process.stdout.write(`${address}\n`);
  if (!flags.print && process.stdout.isTTY) show(address);
}

export function addressOf(page: Page, serving: Serving | undefined, out = OUT): string {
  const live = { rain: serving?.rain, datasurface: serving?.report, report: serving?.report }[page];
  if (live !== undefined) return page === "datasurface" ? `${live}#datasurface` : live;
  const report = join(out, "dev", "report.html");
  if (page === "report" && existsSync(report)) return pathToFileURL(report).href;
  throw new UserError(
    page === "report"
      ? "there is no report yet; `npx trellis start` writes one"
      : `nothing serves ${page} here; start it in another terminal: npx trellis start --serve`,
  );
}

/** Opens the address where a desktop can. The address was printed, so a failure needs no error. */
function show(address: string): void {
  const { DISPLAY, WAYLAND_DISPLAY } = process.env;
  if (process.platform === "darwin") spawnSync("open", [address], { stdio: "ignore" });
  else if (DISPLAY || WAYLAND_DISPLAY) spawnSync("xdg-open", [address], { stdio: "ignore" });
}
