import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { program } from "../programs";

/** A certificate and its private key, both PEM. */
export interface KeyPair {
  readonly cert: string;
  readonly key: string;
}

export interface Subject {
  /** Left out, the subject is empty: what etcd's JSON gateway demands of its clients. */
  readonly commonName?: string;
  /** What Kubernetes reads groups from. */
  readonly organization?: string;
  /** IP addresses that a server answers at. */
  readonly addresses?: readonly string[];
  /** DNS names that a server answers by. */
  readonly names?: readonly string[];
  readonly usages: readonly ("server" | "client")[];
  /** How long it is valid. @default 60 */
  readonly days?: number;
}

export interface Authority extends KeyPair {
  issue(subject: Subject): KeyPair;
}

/** A certificate authority for one test run, on ECDSA P-256, made and read by openssl rather than by our own code. */
export function createAuthority(commonName: string): Authority {
  return authorityOf(certificate({ commonName, usages: [] }, undefined));
}

/** One that signs by the certificate and key of an authority that somebody else made. */
export function authorityOf(pair: KeyPair): Authority {
  return { ...pair, issue: (subject) => certificate(subject, pair) };
}

const DAYS = 60;

function certificate(subject: Subject, issuer: KeyPair | undefined): KeyPair {
  const folder = mkdtempSync(join(tmpdir(), "trellis-certificate-"));
  const file = (name: string) => join(folder, name);
  try {
    writeFileSync(file("openssl.cnf"), configuration(subject, issuer === undefined));
    const signing: string[] = [];
    if (issuer) {
      writeFileSync(file("ca.crt"), issuer.cert);
      writeFileSync(file("ca.key"), issuer.key, { mode: 0o600 });
      signing.push("-CA", file("ca.crt"), "-CAkey", file("ca.key"));
    }
    const pem = execFileSync(
      program("openssl"),
      [
        ...[
          "req",
          "-x509",
          "-config",
          file("openssl.cnf"),
          "-days",
          String(subject.days ?? DAYS),
          ...signing,
        ],
        ...["-subj", distinguishedName(subject)],
        ...["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "-", "-out", "-"],
      ],
      { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] },
    );
    return { key: block(pem, "PRIVATE KEY"), cert: block(pem, "CERTIFICATE") };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function distinguishedName({ organization, commonName }: Subject): string {
  return `/${[organization && `O=${organization}`, commonName && `CN=${commonName}`].filter(Boolean).join("/")}`;
}

function configuration({ addresses = [], names = [], usages }: Subject, isCa: boolean) {
  const alternatives = [...addresses.map((each) => `IP:${each}`), ...names.map((each) => `DNS:${each}`)];
  return [
    "[req]",
    "distinguished_name = subject",
    "x509_extensions = extensions",
    "[subject]",
    "[extensions]",
    "subjectKeyIdentifier = hash",
    ...(isCa
      ? [
          "basicConstraints = critical, CA:TRUE",
          "keyUsage = critical, keyCertSign, cRLSign, digitalSignature",
        ]
      : ["basicConstraints = critical, CA:FALSE", "keyUsage = critical, digitalSignature"]),
    ...(usages.length > 0 ? [`extendedKeyUsage = ${usages.map((each) => `${each}Auth`).join(", ")}`] : []),
    ...(alternatives.length > 0 ? [`subjectAltName = ${alternatives.join(", ")}`] : []),
    "",
  ].join("\n");
}

function block(pem: string, label: string): string {
  const found = new RegExp(`-----BEGIN ${label}-----[^-]+-----END ${label}-----\n`).exec(pem);
  if (!found) throw new Error(`openssl gave no ${label}`);
  return found[0];
}
