import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { REPORT_UNIT } from "../../../components/servers/machine";
import { authorityOf } from "../pki/certificates";
import { eventually } from "../waiting";
import type { DataCenter } from "./data-center";

export interface SeenReport {
  /** What the cluster's administrator is answered. */
  readonly toAdministrator: string;
  /** What somebody without a certificate is answered. */
  readonly toStranger: string;
  /** The user of the process that answers. */
  readonly user: string;
}

/** Waits until a server reports its first boot to the outside, and looks at the report. */
export async function firstReport(center: DataCenter, index: number): Promise<SeenReport> {
  const folder = mkdtempSync(join(tmpdir(), "trellis-report-"));
  const { cert, key } = authorityOf(center.facts.authorities.client).issue({
    commonName: "administrator",
    usages: ["client"],
  });
  const server = center.server(index);
  const files = { authority: center.facts.apiAuthority, cert, key };
  for (const [name, content] of Object.entries(files))
    writeFileSync(join(folder, name), content, { mode: 0o600 });
  const ask = (...options: string[]) => {
    const url = `https://${center.facts.publicAddress[server.name]}:6443/`;
    const common = ["--silent", "--max-time", "5", "--cacert", join(folder, "authority")];
    try {
      return center.fromOutside("curl", ...common, ...options, url);
    } catch {
      return ""; // curl fails where nobody answers, or not to it
    }
  };
  try {
    return await eventually(
      `${server.name} reports its first boot`,
      120_000,
      async () => {
        const toAdministrator = ask("--cert", join(folder, "cert"), "--key", join(folder, "key"));
        if (toAdministrator === "") return false;
        const toStranger = ask();
        const process = `$(systemctl show --property MainPID --value ${REPORT_UNIT})`;
        // The report may have ended by now, which the next round sees.
        const user = (await server.run(`ps -o user= -p "${process}" || :`)).trim();
        return user !== "" && { toAdministrator, toStranger, user };
      },
      50,
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
