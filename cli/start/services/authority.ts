import { generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";
import { around, bits, boolean, inPlace, integer, objectId, octets, sequence, set, text, time } from "./der";

/** The certificate and key of a run's servers, and the CA certificate for their clients; all PEM. */
export interface ServerIdentity {
  readonly authority: string;
  readonly certificate: string;
  readonly key: string;
}

const LOOPBACK = Buffer.of(127, 0, 0, 1);
const DAY_MS = 86_400_000;

/** Object identifiers from RFC 5480, RFC 5280 and X.520. */
const ECDSA_WITH_SHA256 = sequence(objectId("1.2.840.10045.4.3.2"));
const COMMON_NAME = objectId("2.5.4.3");
const BASIC_CONSTRAINTS = objectId("2.5.29.19");
const KEY_USAGE = objectId("2.5.29.15");
const EXTENDED_KEY_USAGE = objectId("2.5.29.37");
const ALTERNATIVE_NAMES = objectId("2.5.29.17");
const SERVER_AUTH = objectId("1.3.6.1.5.5.7.3.1");

const SIGNS_CERTIFICATES = bits(Buffer.of(0b0000_0100), 2);
const SIGNS = bits(Buffer.of(0b1000_0000), 7);

/**
 * A CA for one run, and its server certificate for 127.0.0.1. In the cluster, a Pulumi provider issues certificates,
 * but this machine may have neither its plugin nor openssl. With these two certificates, the jobs verify their servers
 * as strictly here as in the cluster.
 */
export function serverIdentity(now = new Date()): ServerIdentity {
  const authority = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const server = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const issuer = nameOf("trellis local authority");
  const issue = (subject: Buffer, publicKey: KeyObject, extensions: readonly Buffer[]) =>
    certificate({ issuer, subject, publicKey, extensions, signer: authority.privateKey, now });
  return {
    authority: issue(issuer, authority.publicKey, [
      critical(BASIC_CONSTRAINTS, sequence(boolean(true))),
      critical(KEY_USAGE, SIGNS_CERTIFICATES),
    ]),
    certificate: issue(nameOf("trellis local server"), server.publicKey, [
      critical(BASIC_CONSTRAINTS, sequence()),
      critical(KEY_USAGE, SIGNS),
      sequence(EXTENDED_KEY_USAGE, octets(sequence(SERVER_AUTH))),
      sequence(
        ALTERNATIVE_NAMES,
        octets(sequence(inPlace(7, LOOPBACK), inPlace(2, Buffer.from("localhost")))),
      ),
    ]),
    key: server.privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
  };
}

const nameOf = (commonName: string) => sequence(set(sequence(COMMON_NAME, text(commonName))));

const critical = (id: Buffer, value: Buffer) => sequence(id, boolean(true), octets(value));

function certificate(args: {
  readonly issuer: Buffer;
  readonly subject: Buffer;
  readonly publicKey: KeyObject;
  readonly extensions: readonly Buffer[];
  readonly signer: KeyObject;
  readonly now: Date;
}): string {
  const from = new Date(args.now.getTime() - DAY_MS); // tolerates clocks that are a little behind
  const until = new Date(args.now.getTime() + 30 * DAY_MS);
  const content = sequence(
    around(0, integer(Buffer.of(2))), // version 3
    integer(Buffer.of(0x7f, ...randomBytes(15))),
    ECDSA_WITH_SHA256,
    args.issuer,
    sequence(time(from), time(until)),
    args.subject,
    args.publicKey.export({ type: "spki", format: "der" }),
    around(3, sequence(...args.extensions)),
  );
  const der = sequence(content, ECDSA_WITH_SHA256, bits(sign("sha256", content, args.signer)));
  const lines = der.toString("base64").match(/.{1,64}/g) ?? [];
  return ["-----BEGIN CERTIFICATE-----", ...lines, "-----END CERTIFICATE-----", ""].join("\n");
}
