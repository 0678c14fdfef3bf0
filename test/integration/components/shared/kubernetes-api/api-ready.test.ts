import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import type { TLSSocket } from "node:tls";
import * as pulumi from "@pulumi/pulumi";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { apiReady, waitForApi } from "../../../../../components/shared/kubernetes-api/api-ready";
import { bootReport } from "../../../../../components/shared/kubernetes-api/boot-report";
import { apiAccess, renderKubeconfig } from "../../../../../components/shared/kubernetes-api/kubeconfig";
import { evaluateStack } from "../../../../rigs/evaluate";
import { createAuthority } from "../../../../rigs/pki/certificates";
import { describeWith } from "../../../../rigs/programs";

describeWith(["openssl"], "waiting for the Kubernetes API", () => {
  const authority = createAuthority("the cluster's");
  const administrator = authority.issue({ commonName: "administrator", usages: ["client"] });
  const serving = authority.issue({ addresses: ["127.0.0.1"], usages: ["server"] });
  let api: Server;
  /** What the API says of itself, by path; the next answer each time, and the last one for ever. */
  let answers: Record<string, number[]>;
  let users: string[];
  /** The log of a first boot that the server reports; the next one each time, and the last one for ever. */
  let logs: string[];
  beforeAll(async () => {
    api = createServer(
      { ...serving, ca: authority.cert, requestCert: true, rejectUnauthorized: false },
      (request, response) => {
        const socket = request.socket as TLSSocket; // of an https server
        users.push(String(socket.getPeerCertificate().subject?.CN));
        if (request.url === "/" && logs.length > 0) {
          const log = logs.length > 1 ? logs.shift() : logs[0];
          response.writeHead(503, { "trellis-report": "first-boot" }).end(log);
          return;
        }
        const left = answers[request.url ?? ""] ?? [404];
        response.writeHead((left.length > 1 ? left.shift() : left[0]) ?? 500).end("{}");
      },
    );
    await new Promise<void>((resolve) => api.listen(0, "127.0.0.1", resolve));
  });
  beforeEach(() => {
    users = [];
    logs = [];
    answers = { "/readyz": [200], "/api/v1/namespaces/kube-system": [200] };
  });
  afterAll(() => {
    api.closeAllConnections();
    api.close();
  });
  const lines: string[] = [];
  afterEach(() => void lines.splice(0));

  const address = () => `https://127.0.0.1:${(api.address() as AddressInfo).port}`; // it listens
  const kubeconfig = (server = address(), ca = authority.cert) =>
    renderKubeconfig({ cluster: "trellis", server, authority: ca, client: administrator });
  const patience = {
    limitMs: 30_000,
    everyMs: 20,
    progressEveryMs: 40,
    progress: (line: string) => void lines.push(line),
  };
  const wait = (config: string, overrides: Partial<typeof patience> = {}) =>
    waitForApi(apiAccess(config), { ...patience, ...overrides });

  it("ends when the API is ready and lets its administrator in, by certificate", async () => {
    answers = { "/readyz": [500, 500, 200], "/api/v1/namespaces/kube-system": [403, 200] };

    await wait(kubeconfig());

    expect(new Set(users)).toEqual(new Set(["administrator"]));
    expect(users.length).toBeGreaterThanOrEqual(6);
  });

  it("says where it waits, how long, and for what", async () => {
    answers["/readyz"] = [...Array.from({ length: 8 }, () => 500), 200];

    await wait(kubeconfig());

    expect(lines[0]).toBe(`waiting for the Kubernetes API at ${address()}, 0 s so far: /readyz answers 500`);
  });

  it("gives up with the address and the last problem", async () => {
    await expect(wait(kubeconfig("https://127.0.0.1:1"), { limitMs: 100 })).rejects.toThrow(
      /API at https:\/\/127\.0\.0\.1:1 was not ready after 0 s: .*ECONNREFUSED/,
    );
    answers["/api/v1/namespaces/kube-system"] = [403];
    await expect(wait(kubeconfig(), { limitMs: 100 })).rejects.toThrow(
      /\/api\/v1\/namespaces\/kube-system answers 403/,
    );
  });

  const booting = [{ name: "server-1", address: "127.0.0.1" }];
  const FETCHING =
    "trellis: programs\ntrellis: fetching k3s\ncurl: (22) 503\ntrellis: fetching k3s, attempt 2\n";

  it("says what each server does in its first boot, once for each step", async () => {
    answers["/readyz"] = [...Array.from({ length: 8 }, () => 500), 200];
    logs = ["trellis: packages\nGet:1 http://mirror\n", "trellis: packages\n", FETCHING];
    const said: string[] = [];

    await waitForApi(apiAccess(kubeconfig()), {
      ...{ ...patience, servers: booting },
      report: (line) => void said.push(line),
    });

    expect(said).toEqual(["server-1: packages", "server-1: fetching k3s, attempt 2 (curl: (22) 503)"]);
  });

  it("gives up with the last that each server reported", async () => {
    answers["/readyz"] = [500];
    logs = [FETCHING];

    await expect(
      waitForApi(apiAccess(kubeconfig()), { ...patience, limitMs: 300, servers: booting }),
    ).rejects.toThrow("\nserver-1: fetching k3s, attempt 2 (curl: (22) 503)\nCheck the first boot");
  });

  it("takes no report from a server without the API's authority, and needs none", async () => {
    logs = [FETCHING];
    const other = apiAccess(kubeconfig(address(), createAuthority("somebody else's").cert));

    expect(await bootReport(other, { name: "server-1", address: "127.0.0.1" })).toBeUndefined();
    expect(users).toEqual([]);
    await wait(kubeconfig());
  });

  it("trusts no API but one of its own authority", async () => {
    const other = createAuthority("somebody else's");

    await expect(wait(kubeconfig(address(), other.cert), { limitMs: 100 })).rejects.toThrow(/certificate/);
    expect(users).toEqual([]);
  });

  it("is content where credentials come from a program, once the API asks for them", async () => {
    answers["/readyz"] = [401];
    const withProgram = kubeconfig().replace(/ {6}client-(certificate|key)-data: .*\n/g, "");

    await wait(`${withProgram.replace(/user:\n/, "user:\n      exec: {command: sign-in}\n")}`);
  });

  it("never happens in a preview, whose control plane may be down", async () => {
    const { outputs } = await evaluateStack({
      program: () => ({
        kubeconfig: apiReady(pulumi.secret(kubeconfig("https://127.0.0.1:1")), { limitMinutes: 1 }),
      }),
    });

    expect(String(outputs.kubeconfig)).toContain("127.0.0.1:1");
  });
});
