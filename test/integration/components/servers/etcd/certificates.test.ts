import { X509Certificate } from "node:crypto";
import { expect, it } from "vitest";
import { createAuthority } from "../../../../rigs/pki/certificates";
import { describeWith } from "../../../../rigs/programs";

describeWith(["openssl"], "the certificates of the tests", () => {
  const authority = createAuthority("a test's own authority");

  it("can be had without a common name, as etcd's JSON gateway demands", () => {
    const { cert } = authority.issue({ usages: ["client"] });

    expect(new X509Certificate(cert).subject).toBeFalsy();
  });

  it("are signed by their authority and name whom they are for", () => {
    const server = new X509Certificate(
      authority.issue({
        commonName: "etcd",
        addresses: ["127.0.0.11"],
        names: ["localhost"],
        usages: ["server"],
      }).cert,
    );

    expect(server.verify(new X509Certificate(authority.cert).publicKey)).toBe(true);
    expect(server.subject).toBe("CN=etcd");
    expect(server.subjectAltName).toBe("IP Address:127.0.0.11, DNS:localhost");
    expect(server.ca).toBe(false);
  });
});
