import * as pulumi from "@pulumi/pulumi";
import * as tls from "@pulumi/tls";
import type { KeyPair } from "./key-pair";
import { HOURS_PER_DAY, type Lifetime } from "./lifetimes";

export interface AuthorityArgs {
  /** The CA's common name. People distinguish CAs by it; no program depends on it. */
  readonly commonName: string;
  /** How long the CA certificate is valid. Certificates that outlive their CA do not verify. */
  readonly lifetime: Lifetime;
  /** Whether the engine refuses to delete or replace the CA. What the CA issued can be issued again. @default false */
  readonly protection?: boolean | undefined;
}

export interface LeafArgs {
  /** The user or host in the subject. @default an empty subject: only the DNS names identify the holder */
  readonly subject?: { readonly commonName: string; readonly organization?: string };
  /** Whether the holder may use it as a client, as a server, or both. Peers refuse it for other uses. */
  readonly uses: readonly ("client_auth" | "server_auth")[];
  /** The holder's DNS names, which its peers verify. @default none */
  readonly dnsNames?: pulumi.Input<readonly string[]>;
  /** The holder's IP addresses, which its peers verify. @default none */
  readonly addresses?: readonly pulumi.Input<string>[];
  /** How long the certificate is valid, and how long before its end an update issues a new one. */
  readonly lifetime: Lifetime;
  /** Increment to issue a new key and certificate. */
  readonly epoch: number;
}

const ECDSA = { algorithm: "ECDSA", ecdsaCurve: "P256" };

/**
 * Creates a CA for one purpose; `issue` creates the certificates that it signs. Only these leaf certificates have an
 * epoch, so raising it never replaces a CA.
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
        // The usages that Go's verifier and K3s' own signing require of a CA.
        allowedUses: ["digital_signature", "key_encipherment", "cert_signing", "crl_signing"],
        validityPeriodHours: lifetime.days * HOURS_PER_DAY,
        earlyRenewalHours: lifetime.renewDaysBefore * HOURS_PER_DAY,
      },
      kept,
    );
    this.keyPair = pair(certificate.certPem, key);
    this.registerOutputs({});
  }

  /** The CA certificate, with which others verify what it issued. It is not a secret. */
  get certificate(): pulumi.Output<string> {
    return pulumi.unsecret(this.keyPair.cert);
  }

  issue(purpose: string, leaf: LeafArgs): pulumi.Output<KeyPair> {
    const name = `${this.name}-${purpose}`;
    const child = { parent: this };
    // The request and the certificate depend on the key, so replacing the key replaces them too.
    const key = new tls.PrivateKey(name, ECDSA, { ...child, replacementTrigger: leaf.epoch });
    const request = new tls.CertRequest(
      name,
      {
        privateKeyPem: key.privateKeyPem,
        ...(leaf.subject && { subject: leaf.subject }),
        ...(leaf.dnsNames && { dnsNames: pulumi.output(leaf.dnsNames).apply((names) => [...names]) }),
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
