import { z } from "zod";

/**
 * The types of values in settings. Each accepts only what its consumers can use unescaped, because values are written
 * unchanged into configuration files, shell scripts and certificates.
 */

/** A string that matches a pattern. The same message covers a missing value, a wrong type and a wrong pattern. */
const text = (form: RegExp, allowed: string, longest?: number) => {
  const string = z.string(allowed);
  return (longest === undefined ? string : string.max(longest)).regex(form, { error: allowed });
};

export const kubernetesName = text(
  /^[a-z]([a-z0-9-]{0,38}[a-z0-9])?$/,
  "a lower-case name of letters, digits and inner dashes, 1 to 40 long, that begins with a letter",
)
  .brand<"KubernetesName">()
  .meta({ title: "name" });
export type KubernetesName = z.infer<typeof kubernetesName>;

/** Those that begin with `kube-` have Secrets of Kubernetes and K3s, and no Ingress. */
export const ownNamespace = text(
  /^(?!kube-)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/,
  "the name of a namespace of your own, such as shop",
);

export const domainName = text(
  /^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]$/,
  "a lower-case domain name with at least two labels, such as data.example.com",
  200,
)
  .brand<"DomainName">()
  .meta({ title: "domain" });
export type DomainName = z.infer<typeof domainName>;

export const emailAddress = text(
  /^[A-Za-z0-9][A-Za-z0-9._+-]*@([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,63}$/,
  "an e-mail address, such as ops@example.com",
  200,
).meta({ title: "e-mail address" });

const octet = "(25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)";
const address = `${octet}(\\.${octet}){3}`;

export const cidr = text(new RegExp(`^${address}/(3[0-2]|[12]?\\d)$`), "an IPv4 range such as 10.0.0.0/16")
  .refine((text) => cidrRange(text).first === addressNumber(text.split("/")[0] ?? ""), {
    error: "an IPv4 range with no bits set after its prefix, such as 10.0.0.0/16",
  })
  .brand<"Cidr">()
  .meta({ title: "range" });
export type Cidr = z.infer<typeof cidr>;

/** Keys in the format of ssh-keygen. RSA keys need at least 2048 bits: their encoding has 350 characters or more. */
export const sshPublicKey = text(
  /^(ssh-ed25519 AAAAC3NzaC1lZDI1NTE5[A-Za-z0-9+/=]{48}|ecdsa-sha2-nistp(256|384|521) AAAA[A-Za-z0-9+/=]{100,300}|ssh-rsa AAAAB3NzaC1yc2E[A-Za-z0-9+/=]{335,2000})( [\w.@+-]{1,100})?$/,
  "one public key in OpenSSH format, such as: ssh-ed25519 AAAA... me@example.com",
).meta({ title: "OpenSSH key" });

export const httpsUrl = text(
  /^https:\/\/[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:\d{1,5})?$/,
  "an https address without path or credentials, such as https://fsn1.your-objectstorage.com",
  300,
).meta({ title: "https address" });

export const origins = z
  .array(httpsUrl, "a list of origins, for example `[https://app.example.com]`")
  .max(20);

/** An OIDC issuer. Unlike other addresses it may have a path: Keycloak and Entra ID have one issuer for each realm. */
export const issuerUrl = text(
  /^https:\/\/[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:\d{1,5})?(\/[A-Za-z0-9._~-]+)*\/?$/,
  "an https address without credentials and query, such as https://login.example.com/realms/main",
  300,
).meta({ title: "https address" });

const labelPart = "[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?";

/** A node's label that its kubelet may set: Kubernetes keeps its own prefixes to itself. */
export const labelName = text(
  new RegExp(`^(?!([a-z0-9.-]+\\.)?(kubernetes\\.io|k8s\\.io)/)([a-z0-9.-]{1,100}/)?${labelPart}$`),
  "a label such as disk or example.com/disk, with no prefix of kubernetes.io or k8s.io, which nodes may not set",
).meta({ title: "label" });

export const labelValue = text(
  new RegExp(`^(${labelPart})?$`),
  "a label's value: up to 63 letters, digits, dashes, dots and underscores",
).meta({ title: "value" });

/** The host of a registry of images. */
export const registryHost = text(
  /^([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}(:\d{1,5})?$/,
  "the host of a registry, such as docker.io or ghcr.io",
).meta({ title: "registry" });

/** An address that programs post to, which may have a path and a query. */
export const postedUrl = text(
  /^https:\/\/[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:\d{1,5})?(\/[A-Za-z0-9._~/-]*)?(\?[A-Za-z0-9._~=&%-]+)?$/,
  "an https address without credentials, such as https://logs.example.com/insert/native",
  300,
).meta({ title: "https address" });

export const collectorUrl = text(
  /^(https:\/\/[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:\d{1,5})?(\/[A-Za-z0-9._~/-]*)?|http:\/\/[a-z0-9-]+\.[a-z0-9-]+\.svc(\.cluster\.local)?:\d{1,5})$/,
  "an https address without credentials, or a Service of the cluster such as http://collector.observability.svc:4318",
  300,
).meta({ title: "address of a collector" });

const host = `([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\\.)*[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?`;

export const serverAddress = text(
  new RegExp(`^${host}(:\\d{1,5})?$`),
  "a host name or IPv4 address with an optional port, such as db.example.com:5432",
  260,
)
  .transform((given) => (given.includes(":") ? given : `${given}:5432`).toLowerCase())
  .meta({ title: "host or host:port" });

export const certificates = text(
  /^(\s*-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----\s*)+$/,
  "one or more certificates in PEM",
  100_000,
).meta({ title: "PEM" });

export const bucketName = text(
  /^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/,
  "a bucket name: 3 to 63 lower-case letters, digits and inner dashes",
)
  .brand<"BucketName">()
  .meta({ title: "bucket" });

export const imageRepository = text(
  /^[a-z0-9][a-z0-9.-]*(:\d{1,5})?(\/[a-z0-9]+([._-]+[a-z0-9]+)*)+$/,
  "a registry and a name without a tag, such as ghcr.io/acme/trellis",
  200,
).meta({ title: "registry and name" });

/** An image with a tag or a digest: without either, a pod would run whatever image is newest. */
export const imageReference = text(
  /^[a-z0-9][a-z0-9.-]*(:\d{1,5})?(\/[a-z0-9]+([._-]+[a-z0-9]+)*)+(:[A-Za-z0-9_][A-Za-z0-9._-]{0,127}|@sha256:[0-9a-f]{64})$/,
  "a registry and a name with a tag or a digest, such as docker.io/pgsty/silo:RELEASE.2026-09-03T13-18-01Z",
  300,
).meta({ title: "image with a tag or a digest" });

/** Part of the name of an object-storage user. */
export const applicationName = text(
  /^(?!metrics$)[a-z][a-z0-9-]{0,30}[a-z0-9]$/,
  "an application's name: 2 to 32 lower-case letters, digits and inner dashes, other than metrics",
).meta({ title: "name" });

/** A name that PostgreSQL accepts without quotes. With the suffixes of roles it is at most 63 bytes long. */
export const databaseName = text(
  /^(?!pg_|template[01]$|postgres$)[a-z][a-z0-9_]{0,39}$/,
  "a database's name: lower-case letters, digits and underscores, 1 to 40 long, other than PostgreSQL's own",
).meta({ title: "name" });

/** The end of the archive (`latest`), or a time with its time zone, such as `2026-11-21T10:00:00Z`. */
export const recoveryTarget = text(
  /^(latest|\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,3})?(Z|[+-]\d{2}:\d{2}))$/,
  "latest, or a moment with its time zone, such as 2026-11-21T10:00:00Z",
)
  .refine((given) => given === "latest" || !Number.isNaN(Date.parse(given)), {
    error: "a date and time that exist",
  })
  .meta({ title: "latest, or a moment such as 2026-11-21T10:00:00Z" });

export const extensionName = text(
  /^[a-z][a-z0-9_-]{0,39}$/,
  "the name of an extension, such as pgcrypto",
).meta({ title: "extension" });

/** A path relative to the project, without `..`. */
export const projectFolder = text(
  /^(?!.*(^|\/)\.\.(\/|$))[A-Za-z0-9._-]+(\/[A-Za-z0-9._-]+)*$/,
  "a folder within the project, such as examples/model",
).meta({ title: "folder" });

export const gitUrl = text(
  /^https:\/\/[a-z0-9][a-z0-9.-]*(:\d{1,5})?(\/[A-Za-z0-9._~-]+)+$/,
  "an https address of a git repository without credentials, such as https://github.com/acme/model.git",
  300,
).meta({ title: "https address" });

export const branchName = text(
  /^[A-Za-z0-9][A-Za-z0-9._-]*(\/[A-Za-z0-9._-]+)*$/,
  "a branch of that repository, such as main",
  100,
).meta({ title: "branch" });

/** The name of a platform or a credential in a model. */
export const modelName = text(
  /^[A-Za-z_][A-Za-z0-9_]{0,127}$/,
  "a name as the model spells it, such as YellowLive",
).meta({ title: "name" });

export const slackChannel = text(
  /^(#[a-z0-9_-]{1,79}|[CG][A-Z0-9]{8,20})$/,
  "a Slack channel, such as #data, or its id",
).meta({ title: "`#channel` or its id" });

/** The first and last address of a range, as numbers. */
export function cidrRange(range: string): { readonly first: number; readonly last: number } {
  const [base = "", prefix = "32"] = range.split("/");
  const size = 2 ** (32 - Number(prefix));
  const first = Math.floor(addressNumber(base) / size) * size;
  return { first, last: first + size - 1 };
}

export function overlap(a: string, b: string): boolean {
  const [x, y] = [cidrRange(a), cidrRange(b)];
  return x.first <= y.last && y.first <= x.last;
}

/** How many addresses are in at least one of these ranges. */
export function addressesIn(ranges: readonly string[]): number {
  const sorted = ranges.map(cidrRange).sort((a, b) => a.first - b.first);
  let counted = -1; // the last address that is counted
  let total = 0;
  for (const { first, last } of sorted) {
    total += Math.max(0, last - Math.max(first - 1, counted));
    counted = Math.max(counted, last);
  }
  return total;
}

/** The ranges that no router on the internet forwards to. */
const PRIVATE_RANGES = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10"];

export function isPrivate(range: string): boolean {
  const { first, last } = cidrRange(range);
  return PRIVATE_RANGES.map(cidrRange).some((outer) => first >= outer.first && last <= outer.last);
}

/** The most public addresses that administrators come from: a /8. Whoever allows more allows the internet. */
const MOST_PUBLIC_ADDRESSES = 2 ** 24;

/** Whether these ranges together are so wide that the internet is allowed, in one range or in several. */
export function openToTheInternet(ranges: readonly string[]): boolean {
  return addressesIn(ranges.filter((range) => !isPrivate(range))) > MOST_PUBLIC_ADDRESSES;
}

function addressNumber(text: string): number {
  return text.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
}

function addressText(number: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(number / 2 ** shift) % 256).join(".");
}

/** The address at an offset from the first one of a range. */
export function addressIn(range: Cidr, offset: number): string {
  return addressText(cidrRange(range).first + offset);
}
