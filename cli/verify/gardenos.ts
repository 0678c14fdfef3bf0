import { randomBytes, randomUUID } from "node:crypto";
import { GardenosClient, type Received } from "./gardenos-client";

interface Access {
  readonly url: URL;
  readonly anonKey: string;
  readonly serviceKey: string;
}

/** A promise of the system, and how it was broken, if it was. */
export interface Promised {
  readonly promise: string;
  readonly broken?: string | undefined;
}

interface User {
  readonly id: string;
  readonly token: string;
}

/** Tries GardenOS with two users and a workspace of its own, and removes them in the end, also after a broken promise. */
export async function verifyGardenos({ url, anonKey, serviceKey }: Access): Promise<Promised[]> {
  const anonymous = new GardenosClient(url, anonKey);
  const service = new GardenosClient(url, serviceKey);
  const results: Promised[] = [];
  /** Whether the promise was kept; what depends on it is left out otherwise. */
  const judge = async (promise: string, attempt: () => Promise<void>): Promise<boolean> => {
    const broken = await attempt().then(
      () => undefined,
      (error: unknown) => (error instanceof Error ? error.message : String(error)),
    );
    results.push({ promise, broken });
    return broken === undefined;
  };
  const mark = `trellis-verify-${randomUUID()}`;
  const users: User[] = [];
  let workspace: string | undefined;
  try {
    await judge("the auth service answers", async () =>
      expectStatus(await anonymous.get("/auth/v1/health"), 200),
    );
    await judge("the storage service answers", async () =>
      expectStatus(await service.get("/storage/v1/bucket"), 200),
    );
    await judge("the anonymous key reads no contact", async () =>
      expectStatus(await anonymous.get("/rest/v1/contacts?select=id&limit=1"), 401),
    );
    await judge("the service key reads contacts", async () =>
      expectStatus(await service.get("/rest/v1/contacts?select=id&limit=1"), 200),
    );
    await judge("a key with another signature is refused", async () => {
      const forged = new GardenosClient(url, `${serviceKey.slice(0, -20)}${"A".repeat(20)}`);
      expectStatus(await forged.get("/rest/v1/contacts?select=id&limit=1"), 401);
    });
    const signedIn = await judge("users sign in with a password", async () => {
      for (const name of ["one", "two"])
        users.push(await signIn(service, anonymous, `${mark}-${name}@example.com`));
    });
    const [one, two] = users;
    if (!signedIn || !one || !two) return results;
    const as = ({ token }: User) => new GardenosClient(url, anonKey, token);
    const made = await judge("a user makes a workspace and a contact in it, and reads it", async () => {
      const created = await as(one).post("/rest/v1/rpc/create_workspace", { name: mark });
      expectStatus(created, 200);
      workspace = idOf(created);
      const contact = { workspace_id: workspace, first_name: mark };
      expectStatus(await as(one).post("/rest/v1/contacts", contact), 201);
      const read = await as(one).get(`/rest/v1/contacts?select=first_name&workspace_id=eq.${workspace}`);
      expectBody(read, [{ first_name: mark }]);
    });
    if (!made || workspace === undefined) return results;
    const place = workspace;
    await judge("another user neither reads nor adds to it", async () => {
      expectBody(await as(two).get(`/rest/v1/contacts?select=id&workspace_id=eq.${place}`), []);
      const intruding = { workspace_id: place, first_name: mark };
      expectStatus(await as(two).post("/rest/v1/contacts", intruding), 403);
    });
  } finally {
    await judge("what was made for this is gone", () => clean(service, workspace, users));
  }
  return results;
}

/** Makes a user by the service's key, and signs in as a client would. */
async function signIn(service: GardenosClient, anonymous: GardenosClient, email: string): Promise<User> {
  const password = randomBytes(24).toString("base64url");
  const created = await service.post("/auth/v1/admin/users", { email, password, email_confirm: true });
  expectStatus(created, 200);
  const id = idOf(created);
  const session = await anonymous.post("/auth/v1/token?grant_type=password", { email, password });
  if (session.status !== 200) await service.delete(`/auth/v1/admin/users/${id}`);
  expectStatus(session, 200);
  return { id, token: String(Reflect.get(Object(session.body), "access_token")) };
}

/** A first deletion marks a row, a second one removes it. */
async function clean(
  service: GardenosClient,
  workspace: string | undefined,
  users: readonly User[],
): Promise<void> {
  const ids = users.map(({ id }) => id).join(",");
  const rows = [
    ...(workspace === undefined
      ? []
      : [
          `contacts?workspace_id=eq.${workspace}`,
          `workspace_members?workspace_id=eq.${workspace}`,
          `workspaces?id=eq.${workspace}`,
        ]),
    ...(users.length === 0 ? [] : [`users?id=in.(${ids})`]),
  ];
  for (const path of rows) {
    for (const _ of ["marked", "removed"]) {
      const { status, url, body } = await service.delete(`/rest/v1/${path}`);
      if (status >= 300)
        throw new Error(`DELETE ${url} was answered with ${status}: ${JSON.stringify(body)}`);
    }
  }
  for (const { id } of users) expectStatus(await service.delete(`/auth/v1/admin/users/${id}`), 200);
}

function expectStatus({ method, url, status, body }: Received, wanted: number): void {
  if (status === wanted) return;
  throw new Error(
    `${method} ${url}: expected ${wanted}, received ${status} ${JSON.stringify(body).slice(0, 300)}`,
  );
}

function expectBody(received: Received, wanted: unknown): void {
  expectStatus(received, 200);
  const [given, expected] = [received.body, wanted].map((each) => JSON.stringify(each));
  if (given !== expected) throw new Error(`${received.url}: expected ${expected}, received ${given}`);
}

function idOf({ url, body }: Received): string {
  const id: unknown = Reflect.get(Object(body), "id");
  if (typeof id !== "string") throw new Error(`${url}: the answer has no id`);
  return id;
}
