import { layoutAdvice } from "./checks";
import { zonesOf } from "./hetzner-catalogue";
import type { Settings } from "./schema";

/** The example keys in our own stack files. Nobody has their private keys. */
const EXAMPLE_KEYS = ["AAAAC3NzaC1lZDI1NTE5AAAAIC7tyM76mToL4mUhD0vHrHQNsd06BTvYWcgAbKu5i3s0"];
const EXAMPLE_DOMAIN = /(^|\.)example\.(com|net|org)$/;

/** Warnings on settings that are allowed but cause problems later. Each preview shows them. */
export function adviceOn(settings: Settings): string[] {
  const { environment, domain, target, offsite } = settings;
  const advice: string[] = [];
  if (EXAMPLE_DOMAIN.test(domain)) {
    advice.push(
      `domain: no certificate will be issued for ${domain}, an example domain; set a domain that you own`,
    );
  }
  if (target.kind === "hetzner") {
    for (const { name, publicKey } of target.access.sshKeys) {
      if (EXAMPLE_KEYS.some((key) => publicKey.includes(key))) {
        advice.push(
          `target.access.sshKeys: nobody can log in with ${name}, the example key; replace it with your own`,
        );
      }
    }
  }
  advice.push(...layoutAdvice(settings), ...failoverAdvice(settings));
  if (environment === "prod" && !offsite) {
    advice.push(
      "offsite: missing in prod: whoever loses the cluster loses its backups too; set offsite.endpoint, region and bucket",
    );
  }
  if (!settings.minio.applications.backups) {
    advice.push(
      "minio.applications: no backups will be made, because `backups` is missing; add it with a bucket",
    );
  }
  return advice;
}

function failoverAdvice({ postgres, target }: Settings): string[] {
  if (postgres.failover !== "fast" || target.kind !== "hetzner") return [];
  const zones = zonesOf(target.servers.map(({ location }) => location));
  if (zones.length === 1) return [];
  return [
    `postgres.failover: fast with servers in ${zones.join(" and ")}: an election in etcd can take longer there than the leader waits for, and a needless failover follows; set it to standard`,
  ];
}
