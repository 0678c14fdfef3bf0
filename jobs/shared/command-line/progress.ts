import type { Logger } from "./logger";

/** The progress of one piece of work. */
export interface Progress {
  advance(by: number): void;
  done(): void;
}

/** Starts to show a piece of work; `unit` is what is counted ("rows"), `total` the expected number where known. */
export type ProgressDisplay = (label: string, unit: string, total?: number) => Progress;

const TERMINAL_INTERVAL_MS = 100;
const LOG_INTERVAL_MS = 10_000;

/** One line that is rewritten on a terminal; elsewhere a log line every ten seconds. */
export function createProgress(log: Logger, terminal = process.stderr.isTTY): ProgressDisplay {
  return (label, unit, total) => {
    const started = performance.now();
    let count = 0;
    let shown = started;

    const show = () => {
      const seconds = (performance.now() - started) / 1000;
      const share = total ? ` of ${total.toLocaleString("en")} (${Math.floor((100 * count) / total)}%)` : "";
      const text = `${label}: ${count.toLocaleString("en")}${share} ${unit} in ${seconds.toFixed(1)} s`;
      if (terminal) process.stderr.write(`\r\x1b[K${text}`);
      else log.info({ label, count, total, seconds: Number(seconds.toFixed(1)) }, text);
    };

    return {
      advance(by) {
        count += by;
        const now = performance.now();
        if (now - shown < (terminal ? TERMINAL_INTERVAL_MS : LOG_INTERVAL_MS)) return;
        shown = now;
        show();
      },
      done() {
        if (terminal) process.stderr.write("\r\x1b[K");
      },
    };
  };
}
