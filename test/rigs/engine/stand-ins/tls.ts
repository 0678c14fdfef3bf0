import { execFile } from "node:child_process";
import { createHash, createPublicKey, generateKeyPair, type KeyObject, X509Certificate } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { opensshKeyPair } from "./openssh";
import type { ResourceKind } from "./stand-in";
import type { Properties } from "./wire";

const CURVES: Readonly<Record<string, string>> = {
  P224: "P-224",
  P256: "P-256",
  P384: "P-384",
  P521: "P-521",
};

/** The real provider's names of uses, and OpenSSL's. */
const KEY_USAGE: Readonly<Record<string, string>> = {
  digital_signature: "digitalSignature",
  content_commitment: "nonRepudiation",
  key_encipherment: "keyEncipherment",
  data_encipherment: "dataEncipherment",
  key_agreement: "keyAgreement",
  cert_signing: "keyCertSign",
  crl_signing: "cRLSign",
};
const EXTENDED_KEY_USAGE: Readonly<Record<string, string>> = {
  any_extended: "anyExtendedKeyUsage",
  server_auth: "serverAuth",
  client_auth: "clientAuth",
  code_signing: "codeSigning",
  email_protection: "emailProtection",
};
/** In the order in which the real provider (and Go's pkix) writes them. */
const SUBJECT: Readonly<Record<string, string>> = {
  country: "C",
  organization: "O",
  organizationalUnit: "OU",
  locality: "L",
  province: "ST",
  commonName: "CN",
  serialNumber: "serialNumber",
};

/** Real keys, and real certificates made by OpenSSL: what reads them must not find out that this is a stand-in. */
const KINDS: Readonly<Record<string, ResourceKind>> = {
  "tls:index/privateKey:PrivateKey": {
    replacedBy: "every input",
    outputs: ({ inputs }) => privateKey(inputs),
  },
  "tls:index/certRequest:CertRequest": {
    replacedBy: "every input",
    outputs: async ({ inputs }) => ({ certRequestPem: await certificateRequest(inputs) }),
  },
  "tls:index/selfSignedCert:SelfSignedCert": {
    replacedBy: "every input",
    outputs: async ({ inputs }) => validity(await selfSigned(inputs)),
  },
  "tls:index/locallySignedCert:LocallySignedCert": {
    replacedBy: "every input",
    outputs: async ({ inputs }) => validity(await locallySigned(inputs)),
  },
};

export const tlsKind = (type: string): ResourceKind | undefined => KINDS[type];

async function privateKey({ algorithm, ecdsaCurve, rsaBits }: Properties): Promise<Properties> {
  const key = await newKey(String(algorithm), String(ecdsaCurve ?? "P224"), Number(rsaBits ?? 2048));
  const publicKey = createPublicKey(key);
  const publicDer = publicKey.export({ type: "spki", format: "der" });
  const pkcs8 = key.export({ type: "pkcs8", format: "pem" });
  return {
    privateKeyPem: algorithm === "ECDSA" ? key.export({ type: "sec1", format: "pem" }) : pkcs8,
    privateKeyPemPkcs8: pkcs8,
    publicKeyPem: publicKey.export({ type: "spki", format: "pem" }),
    ...(algorithm === "ED25519" && opensshKeyPair(key)),
    publicKeyFingerprintSha256: `SHA256:${createHash("sha256").update(publicDer).digest("base64")}`,
  };
}

async function newKey(algorithm: string, curve: string, rsaBits: number): Promise<KeyObject> {
  switch (algorithm) {
    case "ECDSA": {
      const namedCurve = CURVES[curve];
      if (!namedCurve) throw new Error(`there is no curve ${curve}`);
      return (await promisify(generateKeyPair)("ec", { namedCurve })).privateKey;
    }
    case "ED25519":
      return (await promisify(generateKeyPair)("ed25519", undefined)).privateKey;
    case "RSA":
      return (await promisify(generateKeyPair)("rsa", { modulusLength: rsaBits })).privateKey;
    default:
      throw new Error(`there is no algorithm ${algorithm}`);
  }
}

function certificateRequest(inputs: Properties): Promise<string> {
  return inScratch({ key: inputs.privateKeyPem, config: requestConfig(inputs) }, (file) =>
    // OpenSSL takes an empty subject by its own option only.
    openssl([
      ...["req", "-new", "-sha256", "-key", file.key, "-config", file.config],
      ...(inputs.subject === undefined ? ["-subj", "/"] : []),
    ]),
  );
}

function selfSigned(inputs: Properties): Promise<string> {
  const config = `${requestConfig(inputs)}\n[issued]\n${issuedExtensions(inputs)}\n${namesExtension(inputs)}\n`;
  return inScratch({ key: inputs.privateKeyPem, config }, (file) =>
    openssl([
      ...["req", "-new", "-x509", "-sha256", "-key", file.key, "-config", file.config],
      ...["-extensions", "issued", "-days", days(inputs)],
    ]),
  );
}

function locallySigned(inputs: Properties): Promise<string> {
  const files = {
    request: inputs.certRequestPem,
    authority: inputs.caCertPem,
    key: inputs.caPrivateKeyPem,
    extensions: `[issued]\n${issuedExtensions(inputs)}\nauthorityKeyIdentifier = keyid\n`,
  };
  return inScratch(files, (file) =>
    openssl([
      ...["x509", "-req", "-sha256", "-in", file.request, "-CA", file.authority, "-CAkey", file.key],
      ...[
        "-copy_extensions",
        "copy",
        "-extfile",
        file.extensions,
        "-extensions",
        "issued",
        "-days",
        days(inputs),
      ],
    ]),
  );
}

function validity(certPem: string): Properties {
  const { validFrom, validTo } = new X509Certificate(certPem);
  return {
    certPem,
    readyForRenewal: false,
    validityStartTime: new Date(validFrom).toISOString(),
    validityEndTime: new Date(validTo).toISOString(),
  };
}

/** OpenSSL counts whole days: a certificate of a stand-in may live some hours longer than asked. */
function days({ validityPeriodHours }: Properties): string {
  return String(Math.max(1, Math.ceil(Number(validityPeriodHours) / 24)));
}

function requestConfig(inputs: Properties): string {
  const names = namesExtension(inputs);
  const subject = (inputs.subject ?? {}) as Properties; // the SDK's type says that it is an object
  const unknown = Object.keys(subject).find((field) => !(field in SUBJECT));
  if (unknown) throw new Error(`the stand-in does not know the subject's ${unknown}`);
  const fields = Object.entries(SUBJECT).filter(([field]) => subject[field] !== undefined);
  return [
    ...["[req]", "prompt = no", "distinguished_name = subject", ...(names ? ["req_extensions = names"] : [])],
    ...["[subject]", ...fields.map(([field, short]) => `${short} = ${escaped(String(subject[field]))}`)],
    ...(names ? ["[names]", names] : []),
  ].join("\n");
}

/** Critical where there is no subject beside it, as Go's library has it. */
function namesExtension({ dnsNames, ipAddresses, uris, subject }: Properties): string {
  const all = (kind: string, values: unknown) =>
    (Array.isArray(values) ? values : []).map((value) => `${kind}:${escaped(String(value))}`);
  const names = [...all("DNS", dnsNames), ...all("IP", ipAddresses), ...all("URI", uris)];
  const critical = subject === undefined ? ["critical"] : [];
  return names.length > 0 ? `subjectAltName = ${[...critical, ...names].join(",")}` : "";
}

function issuedExtensions({ isCaCertificate, allowedUses, maxPathLength }: Properties): string {
  const uses = (Array.isArray(allowedUses) ? allowedUses : []).map(String);
  const unknown = uses.find((use) => !(use in KEY_USAGE) && !(use in EXTENDED_KEY_USAGE));
  if (unknown) throw new Error(`the stand-in does not know the use ${unknown}`);
  const usages = (table: Readonly<Record<string, string>>) =>
    uses.flatMap((use) => table[use] ?? []).join(",");
  const path = isCaCertificate && Number(maxPathLength ?? -1) >= 0 ? `,pathlen:${maxPathLength}` : "";
  return [
    `basicConstraints = critical,CA:${isCaCertificate ? "TRUE" : "FALSE"}${path}`,
    ...(usages(KEY_USAGE) ? [`keyUsage = critical,${usages(KEY_USAGE)}`] : []),
    ...(usages(EXTENDED_KEY_USAGE) ? [`extendedKeyUsage = ${usages(EXTENDED_KEY_USAGE)}`] : []),
    ...(isCaCertificate ? ["subjectKeyIdentifier = hash"] : []),
  ].join("\n");
}

/** `$` and `\` have a meaning in OpenSSL's configuration. */
function escaped(value: string): string {
  return value.replace(/[$\\]/g, "\\$&");
}

async function openssl(args: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)("openssl", args);
  return stdout;
}

async function inScratch<Name extends string>(
  texts: Readonly<Record<Name, unknown>>,
  work: (paths: Readonly<Record<Name, string>>) => Promise<string>,
): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "trellis-tls-"));
  try {
    const names = Object.keys(texts) as Name[]; // the keys of a record are its names
    for (const name of names) await writeFile(join(directory, name), String(texts[name]), { mode: 0o600 });
    // Each name has its path.
    return await work(
      Object.fromEntries(names.map((name) => [name, join(directory, name)])) as Record<Name, string>,
    );
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
