import { X509Certificate } from "node:crypto";
import * as hcloud from "@pulumi/hcloud";
import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import * as tls from "@pulumi/tls";
import { afterAll, beforeAll, expect, it } from "vitest";
import {
  changes,
  type Engine,
  type FailedRun,
  givenAway,
  RATE_LIMITED,
  SOLD_OUT,
  startEngine,
  UNREACHABLE,
} from "../rigs/engine";
import { describeWith } from "../rigs/programs";

interface Wanted {
  readonly servers: readonly { readonly name: string; readonly type: string; readonly userData?: string }[];
}

/** A small program with what the large one has: dependencies, secrets, a key and a certificate, an object in a cluster. */
function small({ servers }: Wanted) {
  return async () => {
    const password = new random.RandomPassword("password", { length: 24 });
    const other = new random.RandomPassword("other", { length: 24 });
    const key = new tls.PrivateKey("key", { algorithm: "ECDSA", ecdsaCurve: "P256" });
    const authority = new tls.SelfSignedCert("authority", {
      privateKeyPem: key.privateKeyPem,
      isCaCertificate: true,
      allowedUses: ["cert_signing", "digital_signature"],
      subject: { commonName: "authority" },
      validityPeriodHours: 48,
    });
    const request = new tls.CertRequest("request", {
      privateKeyPem: key.privateKeyPem,
      subject: { commonName: "admin", organization: "system:masters" },
      dnsNames: ["localhost"],
      ipAddresses: ["127.0.0.11"],
    });
    const certificate = new tls.LocallySignedCert("certificate", {
      caCertPem: authority.certPem,
      caPrivateKeyPem: key.privateKeyPem,
      certRequestPem: request.certRequestPem,
      allowedUses: ["digital_signature", "client_auth"],
      validityPeriodHours: 24,
    });
    for (const { name, type, userData = "#cloud-config" } of servers) {
      const ip = new hcloud.PrimaryIp(name, {
        name,
        type: "ipv4",
        assigneeType: "server",
        autoDelete: false,
        location: "hil",
      });
      new hcloud.Server(name, {
        name,
        serverType: type,
        image: "debian-12",
        location: "hil",
        userData: pulumi.interpolate`${userData}\n# ${password.result}`,
        publicNets: [{ ipv4: ip.id.apply(Number), ipv6Enabled: false }],
      });
    }
    new kubernetes.core.v1.Secret("object", {
      metadata: { name: "object", namespace: "default" },
      stringData: { password: password.result, other: other.result },
    });
    return { authority: authority.certPem, certificate: certificate.certPem, password: password.result };
  };
}

const one = { name: "one", type: "cpx31" };
const two = { name: "two", type: "cpx31" };

describeWith(["pulumi", "openssl"], "the stand-ins under the real engine", () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await startEngine({ stack: "dev", config: {} });
  });
  afterAll(() => engine?.close());

  const steps = async (wanted: Wanted) =>
    changes(await engine.up(small(wanted))).map(({ op, name, differing }) =>
      `${op} ${name} ${differing}`.trim(),
    );

  it("previews without making anything", async () => {
    const preview = await engine.preview(small({ servers: [one, two] }));
    expect(changes(preview).map(({ op }) => op)).toEqual(Array(11).fill("create"));
    expect(engine.cloud("hcloud").all()).toEqual([]);
  });

  it("makes what the program declares, with real keys, certificates and addresses", async () => {
    const { outputs } = await engine.up(small({ servers: [one, two] }));
    const authority = new X509Certificate(outputs.authority?.value);
    const certificate = new X509Certificate(outputs.certificate?.value);
    expect(certificate.verify(authority.publicKey)).toBe(true);
    expect(certificate.subject).toBe("O=system:masters\nCN=admin");
    expect(certificate.subjectAltName).toBe("DNS:localhost, IP Address:127.0.0.11");
    expect(outputs.password?.secret).toBe(true);
    const [server, ip] = engine
      .cloud("hcloud")
      .all()
      .filter(({ name }) => name === "one")
      .sort((a, b) => b.type.localeCompare(a.type));
    expect(server?.outputs.ipv4Address).toBe(ip?.outputs.ipAddress);
  });

  it("keeps every secret out of what the engine writes", () => {
    const secrets = engine.secrets();
    expect(secrets).toHaveLength(4);
    expect(givenAway(secrets, engine.written())).toEqual([]);
  });

  it("does nothing when nothing changed", async () => {
    expect(await steps({ servers: [one, two] })).toEqual([]);
  });

  it("keeps, through a refresh, what is in the state alone", async () => {
    const passwords = () =>
      engine
        .cloud("random")
        .all()
        .map(({ outputs }) => JSON.stringify(outputs.result));
    const before = passwords();
    expect(new Set(before).size).toBe(2);
    expect(changes(await engine.refresh())).toEqual([]);
    expect(await steps({ servers: [one, two] })).toEqual([]);
    expect(passwords()).toEqual(before);
  });

  it("updates what can change in place, and replaces what cannot, the old one first where the name stays", async () => {
    expect(await steps({ servers: [{ ...one, type: "cpx41" }, two] })).toEqual(["update one serverType"]);
    expect(
      await steps({
        servers: [
          { ...one, type: "cpx41" },
          { ...two, userData: "#!/bin/sh" },
        ],
      }),
    ).toEqual(["delete-replaced two", "replace two userData", "create-replacement two userData"]);
  });

  it("tells of a server that vanished, and makes it again", async () => {
    const cloud = engine.cloud("hcloud");
    cloud.remove(cloud.all("hcloud:index/server:Server").find(({ name }) => name === "two")?.id ?? "");
    expect(changes(await engine.refresh()).map(({ op, name }) => `${op} ${name}`)).toContain("delete two");
    expect(await steps({ servers: [{ ...one, type: "cpx41" }, two] })).toEqual(["create two"]);
  });

  it("fails as the real providers do: sold out, rate limited, unreachable; and goes on from there", async () => {
    const three = { name: "three", type: "cax11" };
    const servers = [{ ...one, type: "cpx41" }, two, three];
    engine.cloud("hcloud").sellOut("cax11 hil");
    await expect(engine.up(small({ servers }))).rejects.toThrow(SOLD_OUT);
    engine.cloud("hcloud").sellOut();
    engine.cloud("hcloud").misbehave({ operations: ["create"], error: RATE_LIMITED, times: 1 });
    const limited: FailedRun = await engine.up(small({ servers })).catch((error) => error);
    expect(limited.message).toContain("rate_limit_exceeded");
    expect(await steps({ servers })).toEqual(["create three"]);
    engine
      .cloud("kubernetes")
      .misbehave({ operations: ["create", "read", "update", "delete"], error: UNREACHABLE });
    expect(changes(await engine.preview(small({ servers })))).toEqual([]);
    await expect(engine.destroy(small({ servers }))).rejects.toThrow(UNREACHABLE);
    engine.cloud("kubernetes").misbehave();
  });

  it("refuses what Hetzner refuses: a second server of one name, and user data beyond the limit", async () => {
    const twins = async () => {
      for (const name of ["a", "b"]) new hcloud.PlacementGroup(name, { name: "same", type: "spread" });
    };
    await expect(engine.up(twins)).rejects.toThrow("uniqueness_error");
    const long = { name: "four", type: "cpx31", userData: "x".repeat(32 * 1024) };
    await expect(engine.up(small({ servers: [long] }))).rejects.toThrow("user_data");
  });

  it("destroys all of it, and forgets objects of a cluster that a run declares to be gone", async () => {
    const fault = { operations: ["read", "delete"], error: UNREACHABLE } as const;
    engine.cloud("kubernetes").misbehave(fault);
    await engine.destroy(async () => {}, { PULUMI_K8S_DELETE_UNREACHABLE: "true" });
    for (const provider of ["hcloud", "tls", "random"] as const) {
      expect(engine.cloud(provider).all()).toEqual([]);
    }
    expect(engine.cloud("kubernetes").all()).toHaveLength(1);
  });
});
