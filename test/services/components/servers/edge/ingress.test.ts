import { randomBytes } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { NODE_PORTS } from "../../../../../components/shared/address-plan";
import { TAKING } from "../../../../rigs/edge/backends";
import {
  type Answer,
  type Asked,
  ask,
  askOverHttp2,
  certificateOf,
  open,
} from "../../../../rigs/edge/client";
import {
  ADMINISTRATIVE,
  AIRFLOW,
  EXAMPLE,
  GARDENOS,
  GRAFANA,
  HOSTS,
  MINIO,
  RAIN,
} from "../../../../rigs/edge/example";
import { ADDRESSES, INGRESS_PROGRAMS, Ingress, PATIENCE_SECONDS } from "../../../../rigs/edge/ingress";
import { renderedIngress } from "../../../../rigs/edge/rendered-ingress";
import { describeWith } from "../../../../rigs/programs";
import { eventually } from "../../../../rigs/waiting";

const { front, administrator, otherAdministrator, visitor, otherVisitor, server } = ADDRESSES;
const { patientAdministrator, patientVisitor } = ADDRESSES;
/** What every answer over HTTPS has. */
const SECURITY_HEADERS = {
  "strict-transport-security": "max-age=31536000",
  "x-content-type-options": "nosniff",
  "x-frame-options": "SAMEORIGIN",
  "referrer-policy": "strict-origin-when-cross-origin",
};

describeWith(INGRESS_PROGRAMS, "Traefik, as a stack configures it, behind HAProxy", () => {
  let ingress: Ingress;
  let authority: string;

  beforeAll(async () => {
    ingress = await Ingress.start(await renderedIngress(EXAMPLE));
    authority = ingress.layCertificates();
    const begins = async () => {
      const certificates = await Promise.all(HOSTS.map((host) => certificateOf(host, front)));
      if (!certificates.every(({ issuer }) => issuer.includes("clients trust"))) return false;
      return (await secure({ host: RAIN, from: administrator })).status === 200; // the routes come after the certificates
    };
    await eventually("every host has its certificate and its routes", 60_000, begins).catch((error) => {
      throw new Error(`${error.message}\n${ingress.log}`);
    });
  }, 600_000);

  afterAll(() => ingress?.stop());

  const secure = (asked: Omit<Asked, "from" | "to"> & Partial<Asked>): Promise<Answer> =>
    ask({ from: visitor, to: front, authority, ...asked });

  const plain = (asked: Omit<Asked, "from" | "to"> & Partial<Asked>): Promise<Answer> =>
    ask({ from: visitor, to: front, ...asked });

  describe("over plain HTTP", () => {
    /** With 308 a client sends the same method and body again, with 301 browsers send GET. */
    const REDIRECTED = [
      ["GET", 301],
      ["POST", 308],
    ] as const;

    it.each(HOSTS)("redirects %s to HTTPS and asks no backend", async (host) => {
      const before = ingress.backends.received.length;

      for (const [method, status] of REDIRECTED) {
        const { status: answered, headers } = await plain({ host, method, path: "/a/path?with=a-query" });
        expect([answered, headers.location]).toEqual([status, `https://${host}/a/path?with=a-query`]);
      }
      expect(ingress.backends.received.length).toBe(before);
    });
  });

  describe("a route", () => {
    it.each([
      [GARDENOS, "/auth/v1/user", "gardenos/auth", "/user"],
      [GARDENOS, "/auth/v1/token?grant_type=password", "gardenos/auth", "/token?grant_type=password"],
      [GARDENOS, "/auth/v1", "gardenos/auth", "/"],
      [GARDENOS, "/rest/v1/leads?select=*", "gardenos/rest", "/leads?select=*"],
      [GARDENOS, "/rest/v1/rpc/create_workspace", "gardenos/rest", "/rpc/create_workspace"],
      [GARDENOS, "/storage/v1/object/list/docs", "gardenos/storage", "/object/list/docs"],
      [GARDENOS, "/api/v1/leads", "gardenos/api", "/api/v1/leads"],
      [GARDENOS, "/ai/status", "gardenos/agents", "/ai/status"],
      [RAIN, "/api/v1/sites", "rain-tracker/rain-api", "/api/v1/sites"],
      [AIRFLOW, "/api/v2/dags", "airflow/airflow-api-server", "/api/v2/dags"],
      [AIRFLOW, "/auth/token", "airflow/airflow-api-server", "/auth/token"],
      [GRAFANA, "/api/health", "monitoring/kube-prometheus-stack-grafana", "/api/health"],
      [MINIO, "/api/v1/login", "storage/minio-console", "/api/v1/login"],
      [MINIO, "/browser", "storage/minio-console", "/browser"],
    ])("https://%s%s reaches %s as %s", async (host, path, service, seen) => {
      const { status, headers, received } = await secure({ host, path, from: administrator });

      expect([status, received?.service, received?.path]).toEqual([200, service, seen]);
      expect(headers).toMatchObject(SECURITY_HEADERS);
      expect(received?.headers).toMatchObject({
        host,
        "x-forwarded-for": administrator,
        "x-real-ip": administrator,
        "x-forwarded-proto": "https",
        "x-forwarded-host": host,
      });
    });

    it("is none for a host that nobody declared", async () => {
      const before = ingress.backends.received.length;
      const { status, headers } = await plain({ host: "unknown.example.com" });
      expect([status, headers.location]).toEqual([301, "https://unknown.example.com/"]);

      const { socket, read, ended } = await open(
        { from: visitor, to: front, port: 443, host: RAIN },
        authority,
      );
      socket.write("GET / HTTP/1.1\r\nHost: unknown.example.com\r\nConnection: close\r\n\r\n");
      await ended;

      expect(read()).toMatch(/^HTTP\/1\.1 404 /);
      expect((await certificateOf("unknown.example.com", front)).subject).toContain("TRAEFIK DEFAULT CERT");
      expect(ingress.backends.received.length).toBe(before);
    });
  });

  describe("an administrative host", () => {
    it.each(ADMINISTRATIVE)("%s refuses everyone but administrators", async (host) => {
      const before = ingress.backends.received.length;
      for (const path of ["/", "/auth/token", "/api/v1/login"]) {
        const { status, headers } = await secure({ host, path });
        expect([path, status]).toEqual([path, 403]);
        expect(headers).toMatchObject(SECURITY_HEADERS);
      }
      expect(ingress.backends.received.length).toBe(before);
      expect((await secure({ host, from: administrator })).status).toBe(200);
    });

    it("believes no header about the client's address", async () => {
      const lies = {
        "x-forwarded-for": administrator,
        "x-real-ip": administrator,
        "x-forwarded-proto": "https",
        forwarded: `for=${administrator}`,
        "true-client-ip": administrator,
      };

      expect((await secure({ host: GRAFANA, headers: lies })).status).toBe(403);
      const { received } = await secure({ host: RAIN, headers: lies });
      expect(received?.headers).toMatchObject({ "x-forwarded-for": visitor, "x-real-ip": visitor });
      expect((await plain({ host: RAIN, headers: lies })).status).toBe(301);
    });
  });

  describe("the PROXY protocol", () => {
    /** The answer of Grafana to somebody who says for whom he asks, at the NodePort where HAProxy says it. */
    const answerTo = async (from: string, claimed: string) => {
      const before = `PROXY TCP4 ${claimed} ${front} 40000 443\r\n`;
      const { socket, read, ended } = await open(
        { from, to: server, port: NODE_PORTS.https, host: GRAFANA, before },
        authority,
      );
      socket.write(`GET / HTTP/1.1\r\nHost: ${GRAFANA}\r\nConnection: close\r\n\r\n`);
      await ended;
      return Number(read().split(" ")[1]);
    };

    it("tells the client's address if it comes from a server", async () => {
      expect(await answerTo(server, administrator)).toBe(200);
      expect(await answerTo(server, visitor)).toBe(403);
    });

    it("makes no administrator of anybody else", async () => {
      expect(await answerTo(visitor, administrator)).toBe(403);
      expect(await answerTo(administrator, visitor)).toBe(200);
    });

    it("is not needed: whoever reaches a NodePort himself is who he is", async () => {
      const directly = { to: server, port: NODE_PORTS.https, authority };

      expect((await ask({ host: GRAFANA, from: visitor, ...directly })).status).toBe(403);
      expect((await ask({ host: GRAFANA, from: administrator, ...directly })).status).toBe(200);
    });
  });

  describe("CORS", () => {
    const preflight = (origin: string) =>
      secure({
        host: GARDENOS,
        path: "/rest/v1/leads",
        method: "OPTIONS",
        headers: { origin, "access-control-request-method": "POST" },
      });

    it.each(["https://www.example.com", "https://app.example.com"])("admits pages of %s", async (origin) => {
      const { status, headers } = await preflight(origin);
      expect([status, headers["access-control-allow-origin"]]).toEqual([200, origin]);
      expect(headers["access-control-allow-headers"]).toContain("apikey");

      const { headers: answered } = await secure({
        host: GARDENOS,
        path: "/rest/v1/leads",
        headers: { origin },
      });
      expect(answered["access-control-allow-origin"]).toBe(origin);
      expect(answered.vary).toContain("Origin");
    });

    it.each([
      "https://evil.example",
      "https://app.example.com.evil.example",
      "http://app.example.com",
      "null",
    ])("admits no page of %s", async (origin) => {
      expect((await preflight(origin)).headers).not.toHaveProperty("access-control-allow-origin");
    });
  });

  const many = (count: number, asked: Omit<Asked, "from" | "to"> & Partial<Asked>) =>
    Promise.all(Array.from({ length: count }, () => secure(asked).then(({ status }) => status)));

  describe("the limits", () => {
    it("let a page's requests through, slow a flood of one address down, and not the next", async () => {
      const start = performance.now();
      const statuses = await many(300, { host: RAIN, path: "/api/v1/sites", from: otherVisitor });
      const seconds = (performance.now() - start) / 1000;

      const passed = statuses.filter((status) => status === 200).length;
      expect(passed).toBeGreaterThanOrEqual(100);
      const silences = Math.floor(seconds / 2); // after each of them Traefik has forgotten the address
      expect(passed).toBeLessThanOrEqual(100 * (1 + silences) + Math.ceil(20 * seconds));
      expect(passed).toBeLessThan(300);
      expect(statuses.filter((status) => status === 429).length).toBe(300 - passed);
      expect((await secure({ host: RAIN, path: "/api/v1/sites" })).status).toBe(200);
    });

    it.each([
      [AIRFLOW, "/auth/token", 20, otherAdministrator],
      [MINIO, "/api/v1/login", 20, otherAdministrator],
      [GARDENOS, "/auth/v1/token", 30, otherVisitor],
    ])("on logins at %s%s count whatever is written for the path", async (host, path, perMinute, from) => {
      const last = path.slice(path.lastIndexOf("/") + 1);
      const spellings = [
        ...["/", "//", "/./", "/x/../", "/%2e/", "%2F", "%2f"].map((slash) => `${slash}${last}`),
        `/%${last.charCodeAt(0).toString(16)}${last.slice(1)}`,
        `/${last}/`,
        `/${last}?x=1`,
      ].map((end) => path.slice(0, -last.length - 1) + end);
      const before = ingress.backends.received.length;
      const start = performance.now();
      for (const spelling of spellings) await many(perMinute, { host, path: spelling, from, method: "POST" });
      const minutes = (performance.now() - start) / 60_000;

      const arrived = ingress.backends.received.slice(before).map(({ path: seen }) => seen);
      const logins = arrived.filter((seen) => endsWith(last, seen));
      expect(logins.length).toBeGreaterThanOrEqual(5); // for whoever mistypes, or has a second factor
      expect(logins.length, arrived.join("\n")).toBeLessThanOrEqual(perMinute * Math.ceil(minutes));
    });

    it("on logins leave other ways in open to whoever used one up", async () => {
      const asked = { host: GARDENOS, from: visitor, method: "POST" };
      expect(await many(40, { ...asked, path: "/auth/v1/token" })).toContain(429);

      expect((await secure({ ...asked, path: "/auth/v1/recover" })).status).toBe(200);
    });

    /** Whether a program that decodes and resolves the path takes it for one that ends so. */
    const endsWith = (last: string, seen: string): boolean => {
      const { pathname } = new URL(decodeURIComponent(seen).replace(/\/+/g, "/"), "http://x");
      return pathname.replace(/\/$/, "").endsWith(`/${last}`);
    };
  });

  describe("a hostile request", () => {
    const GET = (path: string, host = RAIN, more = "") =>
      `GET ${path} HTTP/1.1\r\nHost: ${host}\r\n${more}Connection: close\r\n\r\n`;
    const send = async (text: string, host = RAIN): Promise<string> => {
      const { socket, read, ended } = await open(
        { from: administrator, to: front, port: 443, host },
        authority,
      );
      socket.write(text);
      await ended;
      return read();
    };

    it.each([
      ["two Host headers", GET("/", RAIN, `Host: ${GRAFANA}\r\n`), 400],
      ["no Host header", "GET / HTTP/1.1\r\nConnection: close\r\n\r\n", 400],
      ["a Host with a path", GET("/", `${RAIN}/../x`), 400],
      ["a Host with a space", GET("/", `${RAIN} ${GRAFANA}`), 400],
      ["a transfer encoding that is none", GET("/", RAIN, "Transfer-Encoding: xchunked\r\n"), 501],
      ["two lengths", GET("/", RAIN, "Content-Length: 4\r\nContent-Length: 5\r\n"), 400],
      ["a header that begins with a space", GET("/", RAIN, " X: y\r\n"), 400],
      ["a method that is none", GET("/").replace("GET", "G(T"), 400],
      ["headers of two megabytes", GET("/", RAIN, `X: ${"x".repeat(2 ** 21)}\r\n`), 431],
      ["an encoded slash", GET("/api%2Fv1/sites"), 400],
      ["an encoded backslash", GET("/api%5Cv1"), 400],
      ["an encoded zero byte", GET("/api%00"), 400],
    ])("with %s is refused before any backend", async (_what, text, status) => {
      const before = ingress.backends.received.length;

      expect(await send(text)).toMatch(new RegExp(`^HTTP/1.1 ${status} `));

      expect(ingress.backends.received.length).toBe(before);
    });

    it("with a length and chunks hides no second one from the rules", async () => {
      const hidden = `0\r\n\r\n${GET("/", GRAFANA)}`;
      const lengths = `Content-Length: ${hidden.length}\r\nTransfer-Encoding: chunked\r\n`;
      const before = ingress.backends.received.length;

      const { socket, read, ended } = await open(
        { from: visitor, to: front, port: 443, host: RAIN },
        authority,
      );
      socket.write(`POST / HTTP/1.1\r\nHost: ${RAIN}\r\n${lengths}\r\n${hidden}`);
      await ended;

      const arrived = ingress.backends.received.slice(before);
      expect(arrived.map(({ service, bytes }) => [service, bytes])).toEqual([["rain-tracker/rain-api", 0]]);
      expect(arrived[0]?.headers).not.toHaveProperty("content-length");
      expect(read()).not.toMatch(/"monitoring/);
    });

    it.each([
      ["/ai/../rest/v1/leads", "gardenos/rest", "/leads"],
      ["/rest/v1//leads", "gardenos/rest", "/leads"],
      ["/rest/v1/./leads", "gardenos/rest", "/leads"],
      ["/rest/v1/%2e%2e/%2e%2e/ai/status", "gardenos/agents", "/ai/status"],
    ])("for %s is decided by the path that it comes to", async (path, service, seen) => {
      const answer = await send(GET(path, GARDENOS), GARDENOS);
      const at = answer.indexOf('{"service"');
      const received = at < 0 ? undefined : JSON.parse(answer.slice(at).replace(/\r\n.*$/s, ""));

      expect([received?.service, received?.path]).toEqual([service, seen]);
    });

    it.each(["/restless", "/rest/v1x", "/aiml", "/auth/v10/user", "/"])(
      "for %s, which only looks like a route, gets 404",
      async (path) => {
        expect(await send(GET(path, GARDENOS), GARDENOS)).toMatch(/^HTTP\/1\.1 404 /);
      },
    );

    it("with a host in capitals, a port or a dot at its end is decided by the host", async () => {
      for (const host of [RAIN.toUpperCase(), `${RAIN}:443`, `${RAIN}.`]) {
        expect(await send(GET("/", host)), host).toContain('"service":"rain-tracker/rain-api"');
      }
      for (const host of [GRAFANA.toUpperCase(), `${GRAFANA}:443`, `${GRAFANA}.`]) {
        const { socket, read, ended } = await open(
          { from: visitor, to: front, port: 443, host: RAIN },
          authority,
        );
        socket.write(GET("/", host));
        await ended;
        expect(read(), host).toMatch(/^HTTP\/1\.1 403 /);
      }
    });

    it("of 20 MB reaches the backend whole", async () => {
      const { received } = await secure({
        host: GARDENOS,
        path: "/storage/v1/object/docs/film",
        method: "POST",
        body: Buffer.alloc(20 * 2 ** 20, "x"),
      });

      expect(received).toMatchObject({ service: "gardenos/storage", bytes: 20 * 2 ** 20 });
    });
  });

  describe.concurrent("time", () => {
    it.each([
      ["headers", 80, "GET / HTTP/1.1\r\nHost: HOST\r\nX-More:"],
      ["headers", 443, "GET / HTTP/1.1\r\nHost: HOST\r\nX-More:"],
      ["body", 443, "POST / HTTP/1.1\r\nHost: HOST\r\nContent-Length: 9\r\n\r\nbegun"],
    ])("ends for a request whose %s at port %i do not end", async (_what, port, text) => {
      const { socket, read, ended } = await open(
        { from: visitor, to: front, port, host: RAIN },
        port === 443 ? authority : undefined,
      );
      socket.write(text.replace("HOST", RAIN));
      await ended;

      expect(read()).not.toContain(" 200 ");
    });

    it.each(["HTTP/1.1", "HTTP/2"])(
      "does not end for an answer over %s that takes longer",
      async (version) => {
        const asked = { host: GARDENOS, path: "/ai/status", headers: { [TAKING]: `${PATIENCE_SECONDS}500` } };
        const { received } =
          version === "HTTP/2"
            ? await askOverHttp2({ from: visitor, to: front, authority, ...asked })
            : await secure(asked);

        expect(received?.service).toBe("gardenos/agents");
      },
    );

    it.each([
      [AIRFLOW, "/auth/token", 20, patientAdministrator],
      [GARDENOS, "/auth/v1/token", 30, patientVisitor],
    ])("makes nobody forget the logins at %s%s of whoever pauses", async (host, path, perMinute, from) => {
      let passed = 0;
      for (let round = 0; round < 4; round++) {
        if (round > 0) await wait(5_000);
        const statuses = await many(perMinute + 5, { host, path, from, method: "POST" });
        passed += statuses.filter((status) => status === 200).length;
      }

      expect(passed).toBeGreaterThan(0);
      expect(passed).toBeLessThanOrEqual(perMinute);
    });

    it("does not end for a WebSocket", async () => {
      const { socket, read } = await open({ from: visitor, to: front, port: 443, host: GARDENOS }, authority);
      socket.write(
        `GET /api/v1/live HTTP/1.1\r\nHost: ${GARDENOS}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
          `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${randomBytes(16).toString("base64")}\r\n\r\n`,
      );
      await eventually("the upgrade", 10_000, () => read().startsWith("HTTP/1.1 101 "));
      await wait((PATIENCE_SECONDS + 0.5) * 1000);

      socket.write("said through the tunnel");

      await eventually("the echo", 10_000, () => read().endsWith("said through the tunnel"));
      socket.destroy();
    });
  });
});
