import { execFileSync } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type IssuedPki, issuePki } from "../../../../rigs/pki/issued-pki";
import { describeWith, program } from "../../../../rigs/programs";

describeWith(["openssl"], "the certificates of a cluster, as OpenSSL reads them", () => {
  const scratch = mkdtempSync(join(tmpdir(), "trellis-pki-test-"));
  const member = "ubuntu-8gb-fsn1-1";
  let pki: IssuedPki;
  beforeAll(async () => {
    pki = await issuePki([{ name: member, address: "127.0.0.11" }]);
  });
  afterAll(() => rmSync(scratch, { recursive: true, force: true }));

  const file = (name: string, content: string) => {
    const path = join(scratch, name);
    writeFileSync(path, content, { mode: 0o600 });
    return path;
  };
  const openssl = (...args: string[]) =>
    execFileSync(program("openssl"), args, { encoding: "utf8", stdio: "pipe" });
  const verify = (authority: string, cert: string, ...checks: string[]) =>
    openssl(
      "verify",
      "-x509_strict",
      ...checks,
      "-CAfile",
      file("ca.crt", authority),
      file("leaf.crt", cert),
    );
  const certificates = () => {
    const { server, peer } = pki.etcdMembers[member] ?? expect.unreachable("the member has certificates");
    return { server, peer };
  };

  it("let an etcd member serve at its name, its address and loopback", () => {
    for (const { cert } of Object.values(certificates())) {
      for (const check of [
        ["-verify_hostname", member],
        ["-verify_hostname", "localhost"],
        ["-verify_ip", "127.0.0.11"],
        ["-verify_ip", "127.0.0.1"],
      ]) {
        expect(verify(pki.etcdAuthority, cert, "-purpose", "sslserver", ...check)).toMatch(/: OK$/m);
      }
      expect(verify(pki.etcdAuthority, cert, "-purpose", "sslclient")).toMatch(/: OK$/m);
    }
    expect(() => verify(pki.etcdAuthority, certificates().server.cert, "-verify_ip", "127.0.0.12")).toThrow();
  });

  it("let PostgreSQL serve at its names and at the addresses of the servers before it", () => {
    for (const check of [
      ["-verify_hostname", "postgres-primary"],
      ["-verify_ip", "127.0.0.11"],
    ]) {
      expect(verify(pki.postgresAuthority, pki.postgres.cert, "-purpose", "sslserver", ...check)).toMatch(
        /: OK$/m,
      );
    }
    expect(() => verify(pki.etcdAuthority, pki.postgres.cert)).toThrow();
  });

  it("let nobody serve with a client's certificate", () => {
    for (const { cert } of [...Object.values(pki.etcdUsers), pki.patroni]) {
      expect(verify(pki.etcdAuthority, cert, "-purpose", "sslclient")).toMatch(/: OK$/m);
      expect(() => verify(pki.etcdAuthority, cert, "-purpose", "sslserver")).toThrow();
    }
  });

  it("name Patroni by a DNS name and no common name", () => {
    const { subject, subjectAltName } = new X509Certificate(pki.patroni.cert);

    expect(subject).toBeFalsy();
    expect(subjectAltName).toBe("DNS:patroni");
  });

  it("keep etcd's clients out of the API and the API's out of etcd", () => {
    expect(verify(pki.k3s.client.cert, pki.administrator.cert, "-purpose", "sslclient")).toMatch(/: OK$/m);
    expect(() => verify(pki.etcdAuthority, pki.administrator.cert)).toThrow();
    expect(() => verify(pki.k3s.client.cert, pki.etcdUsers.k3s.cert)).toThrow();
  });

  it("say which group the administrator is in", () => {
    expect(new X509Certificate(pki.administrator.cert).subject).toBe(
      "O=trellis:administrators\nCN=trellis-administrator",
    );
  });

  it("come with keys that fit, in the form that K3s and etcd read", () => {
    const { server, client, requestHeader, embeddedEtcd } = pki.k3s;
    const pairs = [
      server,
      client,
      requestHeader,
      embeddedEtcd,
      pki.administrator,
      pki.patroni,
      ...Object.values(certificates()),
    ];

    for (const { cert, key } of pairs) {
      expect(key).toMatch(/^-----BEGIN EC PRIVATE KEY-----/);
      expect(openssl("pkey", "-in", file("leaf.key", key), "-pubout")).toBe(
        openssl("x509", "-in", file("leaf.crt", cert), "-noout", "-pubkey"),
      );
    }
    expect(openssl("ec", "-in", file("service.key", pki.k3s.serviceAccountKey), "-noout", "-text")).toContain(
      "prime256v1",
    );
  });

  it("are signed by authorities that may sign", () => {
    for (const { cert } of [pki.k3s.server, pki.k3s.client, pki.k3s.requestHeader, pki.k3s.embeddedEtcd]) {
      const authority = new X509Certificate(cert);
      expect(authority.ca).toBe(true);
      expect(openssl("x509", "-in", file("ca.crt", cert), "-noout", "-ext", "keyUsage")).toContain(
        "Certificate Sign",
      );
    }
  });
});
