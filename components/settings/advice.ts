import { daysUntilEndOf, today } from "../shared/days";
import { meantWord } from "../shared/nearest-word";
import { alertAdvice, layoutAdvice, postgresShape, volumesGrow } from "./checks";
import { billedNames, zonesOf } from "./hetzner-catalogue";
import { hasRole, nodesOf } from "./nodes";
import type { HetznerTarget, Settings } from "./schema";
import { openToTheInternet } from "./values";

/** The example keys in our own stack files. Nobody has their private keys. */
const EXAMPLE_KEYS = ["AAAAC3NzaC1lZDI1NTE5AAAAIC7tyM76mToL4mUhD0vHrHQNsd06BTvYWcgAbKu5i3s0"];
/** Ranges that are reserved for documentation: no packet comes from them. */
const EXAMPLE_RANGES = ["192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24"];
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
  if (target.kind === "existing" && !target.traefik) {
    advice.push(
      "target.traefik: missing: unless your ingress does so itself, nothing redirects logins from HTTP to HTTPS or limits who can open Airflow; set target.traefik.web if it is Traefik",
    );
  }
  if (target.kind === "hetzner") {
    advice.push(...accessAdvice(target.access));
    for (const { name, publicKey } of target.access.sshKeys) {
      if (EXAMPLE_KEYS.some((key) => publicKey.includes(key))) {
        advice.push(
          `target.access.sshKeys: nobody can log in with ${name}, the example key; replace it with your own`,
        );
      }
    }
  }
  advice.push(
    ...layoutAdvice(settings),
    ...memberAdvice(settings),
    ...failoverAdvice(settings),
    ...priceAdvice(settings),
    ...certificateAdvice(settings),
    ...keysAdvice(settings, today()),
    ...workersAdvice(settings),
  );
  if (target.kind === "hetzner" && target.addons.monitoring) {
    advice.push(...alertAdvice(environment, settings.monitoring));
  }
  if (environment === "prod" && !offsite) {
    advice.push(
      settings.minio.kind === "external"
        ? "offsite: missing in prod: etcd's snapshots are lost with the servers, and backups have one copy; set offsite.endpoint, region and bucket"
        : "offsite: missing in prod: whoever loses the cluster loses its backups too; set offsite.endpoint, region and bucket",
    );
  }
  if (!settings.minio.applications.backups) {
    advice.push(
      "minio.applications: no backups will be made, because `backups` is missing; add it with a bucket",
    );
  }
  return advice;
}

/** Servers that survive the loss of one, and a database that does not. */
function memberAdvice({ environment, postgres, target }: Settings): string[] {
  if (target.kind !== "hetzner") return [];
  const servers = nodesOf(target).filter(hasRole("workload")).length;
  const { replicas } = postgresShape({ environment, postgres });
  if (servers < 2 || replicas > 1) return [];
  return [
    `postgres.replicas: 1 member on ${servers} servers: the loss of its server stops every database, whatever the other servers do; set it to ${Math.min(servers, 3)}`,
  ];
}

/** Prices that change nothing in the output `monthlyCost`. */
function priceAdvice({ target }: Settings): string[] {
  if (target.kind !== "hetzner") return [];
  const { edge, servers } = target;
  const billed = new Set<string>([
    "primary-ipv4",
    ...servers.flatMap(({ types }) => types),
    ...(edge.kind === "floating-ip" ? ["floating-ip"] : edge.kind === "load-balancer" ? [edge.type] : []),
  ]);
  return Object.keys(target.prices)
    .filter((name) => !billed.has(name))
    .map((name) => {
      const meant = billedNames.includes(name) ? undefined : meantWord(name, billedNames);
      return `target.prices.${name}: nothing in this stack is billed as ${name}, so the price changes nothing; ${meant ? `did you mean ${meant}?` : `remove it, or name one of ${[...billed].join(", ")}`}`;
    });
}

/** What a browser says to certificates that no browser trusts. */
function certificateAdvice({ environment, target }: Settings): string[] {
  if (target.kind !== "hetzner" || !target.addons.certManager || environment === "prod") return [];
  return [
    `target.addons.certManager: certificates in ${environment} are from Let's Encrypt's staging authority, so browsers say that the connection is not private (NET::ERR_CERT_AUTHORITY_INVALID in Chrome, SEC_ERROR_UNKNOWN_ISSUER in Firefox) and curl needs --insecure; only prod gets certificates that they trust`,
  ];
}

/** An autoscaler on a metric that the cluster does not have by itself. */
function workersAdvice({ gardenos }: Settings): string[] {
  const most = gardenos?.agents?.mostWorkers ?? 1;
  if (most === 1 || gardenos?.agents?.image) return [];
  return [
    `gardenos.agents.mostWorkers: ${most} pods need an adapter that serves the external metric agents_queue_depth, and one pod works until there is one; see docs/gardenos.md#more-agents-while-tasks-wait`,
  ];
}

/** A preview warns from this many days before the keys of the CRM's services end. */
const KEYS_NOTICE_DAYS = 90;

/** Keys of the CRM's services that no service accepts soon, or any more. */
function keysAdvice({ gardenos }: Settings, now: Date): string[] {
  if (!gardenos) return [];
  const { keysUntil } = gardenos;
  const days = daysUntilEndOf(keysUntil, now);
  if (days > KEYS_NOTICE_DAYS) return [];
  const remedy =
    "set a later day, run `pulumi up`, and give your clients the new outputs gardenos.anonKey and gardenos.serviceKey";
  return days > 0
    ? [
        `gardenos.keysUntil: in ${days} days, on ${keysUntil}, the services refuse the anonymous and the service key; ${remedy}`,
      ]
    : [
        `gardenos.keysUntil: since ${keysUntil} the services refuse the anonymous and the service key; ${remedy}`,
      ];
}

/** What a preview says of every stack with these settings; nothing is wrong with it. */
export function notesOn({ postgres, minio, target }: Settings): string[] {
  const named = Object.entries({ postgres, ...(minio.kind !== "external" && { minio }) })
    .filter(([, { storageClass }]) => volumesGrow({ target }, storageClass) === false)
    .filter(([block, { volumeGib }]) => volumeGib !== USUAL_GIB[block])
    .map(([block, { volumeGib }]) => `${block}.volumeGib ${volumeGib}`);
  if (named.length === 0) return [];
  return [
    `volumes: ${named.join(" and ")} ${named.length > 1 ? "apply" : "applies"} to new volumes, because those of local-path cannot grow: docs/runbooks/grow-volumes.md`,
  ];
}

const USUAL_GIB: Readonly<Record<string, number>> = { postgres: 10, minio: 20 };

function failoverAdvice({ postgres, target }: Settings): string[] {
  if (postgres.failover !== "fast" || target.kind !== "hetzner") return [];
  const zones = zonesOf(target.servers.map(({ location }) => location));
  if (zones.length === 1) return [];
  return [
    `postgres.failover: fast with servers in ${zones.join(" and ")}: an election in etcd can take longer there than the leader waits for, and a needless failover follows; set it to standard`,
  ];
}

function accessAdvice({ from, web }: HetznerTarget["access"]): string[] {
  const examples = from.filter((range) => EXAMPLE_RANGES.includes(range));
  return [
    ...(openToTheInternet(from)
      ? [
          `target.access.from: the internet can reach SSH and the Kubernetes API through ${from.join(", ")}; list your administrators' own ranges`,
        ]
      : []),
    ...(web && openToTheInternet(web)
      ? [
          `target.access.web: the internet can reach the logins of Airflow, Grafana and MinIO through ${web.join(", ")}; list your users' own ranges`,
        ]
      : []),
    ...(examples.length > 0
      ? [
          `target.access.from: nobody comes from ${examples.join(", ")}, an example range, so this program cannot reach the Kubernetes API either; replace it with your own`,
        ]
      : []),
  ];
}
