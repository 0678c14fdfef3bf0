import { createHash } from "node:crypto";
import { placeholder } from "../shared/placeholders";
import type { Answer, Registration, StandIn } from "./answer";
import { hexFor } from "./identities";
import type { Properties } from "./wire";

/**
 * Fake keys and certificates. They have the format of PEM, contain their owner's name, and have the length and entropy
 * of real ones, so that the size of cloud-init and other texts is realistic.
 */
export const tlsOutputs: Readonly<Record<string, StandIn>> = {
  "tls:index/privateKey:PrivateKey": ({ name, urn, inputs }) => {
    const { label, ssh, lengths } = ALGORITHMS[algorithmOf(inputs)];
    return {
      id: hexFor(urn, 40),
      outputs: {
        privateKeyPem: pem(label, placeholder(`tls:${name}`), lengths.pem),
        privateKeyPemPkcs8: pem("PRIVATE KEY", placeholder(`tls:${name}-as-pkcs8`), lengths.pkcs8),
        privateKeyOpenssh: pem("OPENSSH PRIVATE KEY", placeholder(`tls:${name}-as-openssh`), lengths.openssh),
        publicKeyPem: pem("PUBLIC KEY", `<public-key:tls:${name}>`, lengths.public),
        publicKeyOpenssh: `${ssh} ${Buffer.from(`<public-key:tls:${name}>`).toString("base64")}\n`,
        publicKeyFingerprintMd5: hexFor(urn, 32).replace(/..(?=.)/g, "$&:"),
        publicKeyFingerprintSha256: `SHA256:${hexFor(urn, 43)}`,
      },
      secrets: ["privateKeyPem", "privateKeyPemPkcs8", "privateKeyOpenssh"],
    };
  },
  "tls:index/certRequest:CertRequest": ({ name, urn }) => ({
    id: hexFor(urn, 40),
    outputs: {
      certRequestPem: pem("CERTIFICATE REQUEST", `<certificate-request:tls:${name}>`, 450),
      keyAlgorithm: "ECDSA",
    },
  }),
  "tls:index/selfSignedCert:SelfSignedCert": certificate,
  "tls:index/locallySignedCert:LocallySignedCert": certificate,
};

/** The mean base64 length of a server's P-256 certificates; measured with OpenSSL, like the key lengths below. */
const CERTIFICATE_LENGTH = 560;

const ALGORITHMS = {
  ECDSA: {
    label: "EC PRIVATE KEY",
    ssh: "ecdsa-sha2-nistp256",
    lengths: { pem: 164, pkcs8: 184, openssh: 420, public: 124 },
  },
  ED25519: {
    label: "PRIVATE KEY",
    ssh: "ssh-ed25519",
    lengths: { pem: 64, pkcs8: 64, openssh: 312, public: 60 },
  },
  RSA: {
    label: "RSA PRIVATE KEY",
    ssh: "ssh-rsa",
    lengths: { pem: 1592, pkcs8: 1624, openssh: 1750, public: 392 },
  },
} as const;

function algorithmOf({ algorithm }: Properties): keyof typeof ALGORITHMS {
  return algorithm === "RSA" || algorithm === "ED25519" ? algorithm : "ECDSA";
}

/** Certificates are public. A fake one contains only its owner's name. */
function certificate({ name, urn, inputs }: Registration): Answer {
  const hours = typeof inputs.validityPeriodHours === "number" ? inputs.validityPeriodHours : 0;
  const begin = Date.UTC(2000, 0, 1); // fixed, so that plans do not change from day to day
  return {
    id: hexFor(urn, 40),
    outputs: {
      certPem: pem("CERTIFICATE", `<certificate:tls:${name}>`, CERTIFICATE_LENGTH),
      keyAlgorithm: "ECDSA",
      caKeyAlgorithm: "ECDSA",
      readyForRenewal: false,
      validityStartTime: new Date(begin).toISOString(),
      validityEndTime: new Date(begin + hours * 3_600_000).toISOString(),
    },
  };
}

const LINE = 64;

/** A PEM block that begins with `saying` and is filled up to a length with data derived from it. */
function pem(label: string, saying: string, length: number): string {
  const rest = Math.max(0, length - saying.length - 1); // `saying` has its own line
  let filling = "";
  while (filling.length < rest) {
    filling += createHash("sha384").update(`${saying} ${filling.length}`).digest("base64");
  }
  const body = filling.slice(0, rest).match(new RegExp(`.{1,${LINE}}`, "g")) ?? [];
  return [`-----BEGIN ${label}-----`, saying, ...body, `-----END ${label}-----`, ""].join("\n");
}
