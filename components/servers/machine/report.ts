import { readFileSync } from "node:fs";
import type { MachinePart } from "./part";

const SCRIPT = "/usr/local/lib/trellis/report-first-boot";

/** The transient unit that answers on the API's port during the first boot. It ends before HAProxy takes that port. */
export const REPORT_UNIT = "trellis-first-boot-report.service";

export interface ReportArgs {
  /** The server's public address, at which the program asks. */
  readonly address: string;
  /** The path of the API's CA, without `.crt` and `.key`. */
  readonly authority: string;
  /** The path of the certificate of the CA whose clients are answered. */
  readonly clients: string;
}

/**
 * The answer that a server of the control plane gives while there is no API yet: the log of its first boot, to holders of
 * a client certificate of the cluster. `pulumi up` shows it. The first boot does not depend on it.
 */
export function firstBootReport({
  address,
  authority,
  clients,
}: ReportArgs): Required<Pick<MachinePart, "files" | "before">> {
  const needed = [SCRIPT, `${authority}.crt`, `${authority}.key`, clients];
  return {
    files: [
      {
        path: SCRIPT,
        mode: "0755",
        content: readFileSync(new URL("./report-first-boot.py", import.meta.url), "utf8"),
      },
    ],
    before: `early ${needed.join(" ")}
systemd-run --quiet --collect --unit=${REPORT_UNIT} ${SCRIPT} ${address} ${authority} ${clients}`,
  };
}
