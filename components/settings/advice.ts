import { layoutAdvice } from "./checks";
import type { Settings } from "./schema";

/** The keys that our own stack files carry as examples; nobody holds their private halves. */
const EXAMPLE_KEYS = ["AAAAC3NzaC1lZDI1NTE5AAAAIC7tyM76mToL4mUhD0vHrHQNsd06BTvYWcgAbKu5i3s0"];
const EXAMPLE_DOMAIN = /(^|\.)example\.(com|net|org)$/;

/** What is allowed and will all the same be regretted; said at each preview. */
export function adviceOn(settings: Settings): string[] {
  const { environment, domain, target, offsite } = settings;
  const advice: string[] = [];
  if (EXAMPLE_DOMAIN.test(domain)) {
    advice.push(`domain: ${domain} belongs to nobody; no certificate will be issued for it`);
  }
  if (target.kind === "hetzner") {
    for (const { name, publicKey } of target.access.sshKeys) {
      if (EXAMPLE_KEYS.some((key) => publicKey.includes(key))) {
        advice.push(
          `target.access.sshKeys: ${name} is the example's key, with which nobody can log in; put yours there`,
        );
      }
    }
  }
  advice.push(...layoutAdvice(settings));
  if (environment === "prod" && !offsite) {
    advice.push("offsite: missing in prod; a backup that lives in the cluster dies with it");
  }
  if (!settings.minio.applications.backups) {
    advice.push("minio.applications: without `backups` there is no bucket for backups, and none are made");
  }
  return advice;
}
