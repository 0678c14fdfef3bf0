import { afterEach, expect, it } from "vitest";
import { type HcloudApi, startHcloudApi } from "../../rigs/hetzner/hcloud-api";

let api: HcloudApi;
afterEach(() => api.stop());

/** For an action that a test still finds running, on a busy machine too. */
const SLOW_MS = 2_000;
const PATIENCE = { timeout: 60_000 };

async function start(actionMilliseconds?: number): Promise<HcloudApi> {
  api = await startHcloudApi({
    ...(actionMilliseconds && { actionMilliseconds }),
    servers: [1, 2, 3].map((id) => ({ id, name: `node-${id}`, labels: { zone: id < 3 ? "west" : "east" } })),
    floatingIps: [{ id: 7, name: "edge", ip: "192.0.2.7", server: 1 }],
  });
  return api;
}

/** What these tests look at in answers; each has the one part that its path and status call for. */
interface Answer {
  readonly action: { readonly id: number; readonly status: string };
  readonly error: { readonly code: string };
  readonly floating_ip: { readonly server: number | null };
  readonly meta: { readonly pagination: { readonly total_entries: number } };
  readonly servers: readonly { readonly name: string }[];
}

async function call(method: string, path: string, body?: object, token = api.token) {
  const response = await fetch(api.endpoint + path, {
    method,
    headers: { Authorization: `Bearer ${token}` },
    ...(body && { body: JSON.stringify(body) }),
  });
  return {
    status: response.status,
    headers: response.headers,
    // A part that is missing fails the assertion that reads it.
    body: (await response.json()) as Answer,
  };
}

const assign = (server: unknown) => call("POST", "/floating_ips/7/actions/assign", { server });

it("moves a floating IP by an action that takes effect when it has finished", async () => {
  await start(SLOW_MS);
  const { status, body } = await assign(2);
  expect([status, body.action.status]).toEqual([201, "running"]);
  expect(api.holder(7)).toBe(1);
  await expect
    .poll(async () => (await call("GET", `/actions/${body.action.id}`)).body.action.status, PATIENCE)
    .toBe("success");
  expect((await call("GET", "/floating_ips/7")).body.floating_ip.server).toBe(2);
});

it("locks a floating IP while an action holds it", async () => {
  await start(SLOW_MS);
  await assign(2);
  expect((await assign(3)).status).toBe(423);
  await expect.poll(async () => (await assign(3)).status, PATIENCE).toBe(201);
});

it("leaves a floating IP where it was when its action fails", async () => {
  await start();
  api.misbehave({ kind: "action fails" });
  const { body } = await assign(2);
  await expect
    .poll(async () => (await call("GET", `/floating_ips/actions/${body.action.id}`)).body.action)
    .toMatchObject({ status: "error", error: { code: "action_failed" } });
  expect(api.holder(7)).toBe(1);
});

it("finds servers by name and by label, a page at a time", async () => {
  await start();
  const names = async (query: string) =>
    (await call("GET", `/servers?${query}`)).body.servers.map((each) => each.name);
  expect(await names("name=node-2")).toEqual(["node-2"]);
  expect(await names("label_selector=zone%3D%3Dwest")).toEqual(["node-1", "node-2"]);
  expect(await names("label_selector=zone%21%3Dwest,zone")).toEqual(["node-3"]);
  expect(await names("per_page=2&page=2")).toEqual(["node-3"]);
  expect((await call("GET", "/floating_ips?name=edge")).body.meta.pagination.total_entries).toBe(1);
});

it("refuses a wrong token, an unknown server and a body that is not an assignment", async () => {
  await start();
  expect((await call("GET", "/servers", undefined, "guess")).body.error.code).toBe("unauthorized");
  expect((await assign(9)).status).toBe(404);
  expect((await assign("node-2")).status).toBe(422);
  expect(api.holder(7)).toBe(1);
});

it("meets each fault as often as was said, and then works again", async () => {
  await start();
  api.misbehave({ kind: "rate limited", resetsInSeconds: 2 });
  api.misbehave({ kind: "server error", status: 502 }, 2);
  api.misbehave({ kind: "locked" });
  api.misbehave({ kind: "dropped" });
  api.misbehave({ kind: "slow", milliseconds: 50 });
  const limited = await call("GET", "/servers");
  expect(limited.headers.get("ratelimit-remaining")).toBe("0");
  expect(Number(limited.headers.get("ratelimit-reset"))).toBeGreaterThan(Date.now() / 1000);
  for (let request = 0; request < 3; request += 1) await call("GET", "/servers");
  await expect(call("GET", "/servers")).rejects.toThrow();
  expect((await call("GET", "/servers")).status).toBe(200);
  expect(api.requests.map((each) => each.status)).toEqual([429, 502, 502, 423, 0, 200]);
});
