import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ingressSpec } from "../../../../../components/shared/pods";
import { ACME_PROGRAMS, CertManager, Pebble } from "../../../../rigs/edge/acme";
import { ask, certificateOf, open } from "../../../../rigs/edge/client";
import { EXAMPLE, GARDENOS, HOSTS, RAIN, SHOP } from "../../../../rigs/edge/example";
import { ADDRESSES, INGRESS_PROGRAMS, Ingress } from "../../../../rigs/edge/ingress";
import { type RenderedIngress, renderedIngress } from "../../../../rigs/edge/rendered-ingress";
import { nonempty } from "../../../../rigs/nonempty";
import { describeWith } from "../../../../rigs/programs";
import { eventually } from "../../../../rigs/waiting";

const { front, administrator, visitor, otherVisitor } = ADDRESSES;

describeWith([...INGRESS_PROGRAMS, ...ACME_PROGRAMS], "Traefik and cert-manager", () => {
  let rendered: RenderedIngress;
  let ingress: Ingress;
  let pebble: Pebble;
  let certManager: CertManager;

  beforeAll(async () => {
    rendered = await renderedIngress(EXAMPLE);
    ingress = await Ingress.start(rendered);
    pebble = await Pebble.start("127.36.0.2", front);
    certManager = CertManager.start(ingress.api, ADDRESSES.pods, pebble.nameServer);
    ingress.api.apply([pebble.inPlaceOfLetsEncrypt(rendered.clusterIssuer)]);
    await eventually("every host has its certificate", 120_000, async () => {
      const certificates = await Promise.all(HOSTS.map((host) => certificateOf(host, front)));
      return certificates.every(({ issuer }) => issuer.includes("Pebble"));
    }).catch((error) => {
      throw new Error([error.message, certManager.log, pebble.log, ingress.log].join("\n"));
    });
  }, 600_000);

  afterAll(async () => {
    await certManager?.stop();
    await pebble?.stop();
    await ingress?.stop();
  });

  const ofKind = (kind: string) => rendered.objects.filter((each) => each.kind === kind);

  describe("a certificate", () => {
    it.each(HOSTS)("of %s is issued by ACME over HTTP-01 through this ingress", async (host) => {
      const { subjectAltName, issuer } = await certificateOf(host, front);

      expect([subjectAltName, issuer]).toEqual([`DNS:${host}`, expect.stringContaining("Pebble")]);
      const answer = await ask({ host, from: administrator, to: front, authority: await pebble.root() });
      expect(answer.status).toBe(host === GARDENOS ? 404 : 200); // over TLS that a client verifies
    });

    it("is asked for over plain HTTP, which is redirected for everything else", async () => {
      const path = "/.well-known/acme-challenge/nobody-asked-for-this";

      expect((await ask({ host: RAIN, path, from: visitor, to: front })).status).toBe(301);
      expect(ingress.backends.received.filter((each) => each.path === path)).toEqual([]);
    });

    it("is renewed when its time has come, and the new one is served without a restart", async () => {
      const before = await certificateOf(RAIN, front);
      const path = "/apis/cert-manager.io/v1/namespaces/rain-tracker/certificates/rain-api-tls";
      const renewBefore = (percentage: number | null) =>
        ingress.api.ask("PATCH", path, { spec: { renewBeforePercentage: percentage } });
      await renewBefore(99); // due when a hundredth of its life has passed

      const after = await eventually("another certificate", 120_000, async () => {
        const served = await certificateOf(RAIN, front);
        return served.fingerprint256 !== before.fingerprint256 && served;
      });
      await renewBefore(null);
      expect(after.issuer).toContain("Pebble");
    });
  });

  describe("Traefik's rights", () => {
    it("end at the namespaces with an Ingress", () => {
      const exposed = [...new Set(ofKind("Ingress").map(({ metadata }) => metadata.namespace)), SHOP];
      const others = rendered.namespaces.map(({ metadata }) => metadata.name);
      const closed = [
        "",
        "kube-system",
        "default",
        ...nonempty(others.filter((name) => !exposed.includes(name))),
      ];
      const asked = ["get", "list", "watch", "create", "update", "patch", "delete"].flatMap((verb) =>
        [...nonempty(exposed), ...closed].map((namespace) => ({ verb, resource: "secrets", namespace })),
      );

      const allowed = ingress.allowed(asked);

      const wrong = asked.filter(({ verb, namespace }, index) => {
        const reads = ["get", "list", "watch"].includes(verb);
        return allowed[index] !== (reads && exposed.includes(namespace));
      });
      expect(allowed).toHaveLength(asked.length);
      expect(wrong).toEqual([]);
    });

    it("suffice: it is refused nothing", () => {
      expect(ingress.log).not.toContain("forbidden");
    });
  });

  describe("an Ingress of the user's own", () => {
    const shop = (namespace: string) => [
      {
        apiVersion: "v1",
        kind: "Service",
        metadata: { name: "shop", namespace },
        spec: { ports: [{ name: "http", port: 80 }] },
      },
      {
        apiVersion: "networking.k8s.io/v1",
        kind: "Ingress",
        metadata: { name: "shop", namespace },
        spec: ingressSpec({
          host: `${namespace}.example.com`,
          tlsSecret: "shop-tls",
          service: { name: "shop", port: "http" },
        }),
      },
    ];

    it("is served in a namespace that the settings name, and in no other", async () => {
      ingress.api.apply(
        ["stall"].map((name) => ({ apiVersion: "v1", kind: "Namespace", metadata: { name } })),
      );
      await ingress.serve([...shop(SHOP), ...shop("stall")]);

      await eventually(
        "the shop answers",
        30_000,
        async () => (await untrusted(`${SHOP}.example.com`)) === 200,
      );
      expect(await untrusted("stall.example.com")).toBe(404);
    });

    it("is no end for the others if Traefik may not read its namespace at first", async () => {
      const binding = rendered.rights.find(
        ({ kind, metadata }) => kind === "RoleBinding" && metadata.namespace === SHOP,
      );
      ingress.api.kubectl("delete", "rolebinding", binding.metadata.name, "--namespace", SHOP);

      await ingress.startTraefik();
      await eventually("Traefik is refused", 30_000, () => ingress.log.includes("forbidden"));
      ingress.api.apply([binding]);
      await eventually("all is well again", 120_000, async () => (await untrusted(RAIN)) === 200);
    });

    /** The status over HTTPS, whatever the certificate. */
    const untrusted = async (host: string): Promise<number> => {
      const { socket, read, ended } = await open(
        { from: otherVisitor, to: front, port: 443, host },
        "anyone",
      );
      socket.write(`GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
      await ended;
      return Number(read().split(" ")[1]);
    };
  });
});
