import * as pulumi from "@pulumi/pulumi";
import * as tls from "@pulumi/tls";
import type { KeyPair } from "./key-pair";
import { HOURS_PER_DAY, type Lifetime } from "./lifetimes";

export interface AuthorityArgs {
  /** The common name, by which people tell authorities apart; no program depends on it. */
  readonly commonName: string;
  readonly lifetime: Lifetime;
  /** Whether the engine refuses to delete or replace the authority; what it issues can be made again. @default false */
  readonly protection?: boolean | undefined;
}

export interface LeafArgs {
  /** Who this is. Absent, the certificate has an empty subject and names its holder by its DNS names alone. */
  readonly subject?: { readonly commonName: string; readonly organization?: string };
  readonly uses: readonly ("client_auth" | "server_auth")[];
  readonly dnsNames?: readonly string[];
  readonly addresses?: readonly pulumi.Input<string>[];
  readonly lifetime: Lifetime;
  /** Raised, the key and the certificate are made anew. */
  readonly epoch: number;
}

const ECDSA = { algorithm: "ECDSA", ecdsaCurve: "P256" };

/**
 * A certificate authority that signs for one purpose, and the certificates it has issued below it. Authorities stay:
 * only leaves have an epoch.
 */
export class Authority extends pulumi.ComponentResource {
  public readonly keyPair: pulumi.Output<KeyPair>;

  private readonly name: string;

  constructor(
    name: string,
    { commonName, lifetime, protection: protect = false }: AuthorityArgs,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("trellis:cluster:Authority", name, {}, opts);
    this.name = name;
    const kept = { parent: this, protect };
    const key = new tls.PrivateKey(name, ECDSA, kept);
    const certificate = new tls.SelfSignedCert(
      name,
      {
        privateKeyPem: key.privateKeyPem,
        subject: { commonName },
        isCaCertificate: true,
        setSubjectKeyId: true,
        // What Go's verifier and K3s' own signing want of an authority.
        allowedUses: ["digital_signature", "key_encipherment", "cert_signing", "crl_signing"],
        validityPeriodHours: lifetime.days * HOURS_PER_DAY,
        earlyRenewalHours: lifetime.renewDaysBefore * HOURS_PER_DAY,
      },
      kept,
    );
    this.keyPair = pair(certificate.certPem, key);
    this.registerOutputs({});
  }

  /** The certificate that others check against; no secret. */
  get certificate(): pulumi.Output<string> {
    return pulumi.unsecret(this.keyPair.cert);
  }

  issue(purpose: string, leaf: LeafArgs): pulumi.Output<KeyPair> {
    const name = `${this.name}-${purpose}`;
    const child = { parent: this };
    // All else of a leaf is made from its key: with it, everything is made anew.
    const key = new tls.PrivateKey(name, ECDSA, { ...child, replacementTrigger: leaf.epoch });
    const request = new tls.CertRequest(
      name,
      {
        privateKeyPem: key.privateKeyPem,
        ...(leaf.subject && { subject: leaf.subject }),
        ...(leaf.dnsNames && { dnsNames: [...leaf.dnsNames] }),
        ...(leaf.addresses && { ipAddresses: [...leaf.addresses] }),
      },
      child,
    );
    const certificate = new tls.LocallySignedCert(
      name,
      {
        certRequestPem: request.certRequestPem,
        caCertPem: this.keyPair.cert,
        caPrivateKeyPem: this.keyPair.key,
        allowedUses: ["digital_signature", ...leaf.uses],
        validityPeriodHours: leaf.lifetime.days * HOURS_PER_DAY,
        earlyRenewalHours: leaf.lifetime.renewDaysBefore * HOURS_PER_DAY,
      },
      child,
    );
    return pair(certificate.certPem, key);
  }
}

function pair(cert: pulumi.Output<string>, key: tls.PrivateKey): pulumi.Output<KeyPair> {
  return pulumi.secret({ cert, key: key.privateKeyPem });
}
