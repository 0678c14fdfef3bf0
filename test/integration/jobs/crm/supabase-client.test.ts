import { randomUUID } from "node:crypto";
import { createClient } from "@supabase/supabase-js";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { tokenData } from "../../../../components/systems/gardenos/tokens";
import { CrmDatabase } from "../../../rigs/crm/crm-database";
import { signedToken } from "../../../rigs/signed-token";
import { StandInRest } from "../../../rigs/supabase/rest";

const UNTIL = "2031-12-31";
const FORMER = { epoch: 1, value: "the-former-secret-of-forty-characters-01" };
const NEWEST = { epoch: 2, value: "the-newest-secret-of-forty-characters-02" };

/** A class in the place of a WebSocket: the tests subscribe to nothing. */
class NoSocket {
  constructor() {
    throw new Error("nothing subscribes here");
  }
}

describe("an unchanged Supabase client on the CRM", () => {
  let crm: CrmDatabase;
  let rest: StandInRest;
  const tokens = tokenData({ secrets: [NEWEST, FORMER], until: UNTIL });
  const ann = randomUUID();
  const ben = randomUUID();

  /** A session's token, as the auth service signs it. */
  const sessionOf = (user: string, secret = NEWEST) =>
    signedToken({ role: "authenticated", sub: user, email: `${user}@example.com` }, secret.value, {
      kid: `trellis-${secret.epoch}`,
    });

  function clientOf(key: string | undefined, user?: string, secret = NEWEST) {
    return createClient(rest.url, key ?? "", {
      realtime: { transport: NoSocket as never }, // safe: never constructed
      ...(user && { accessToken: () => sessionOf(user, secret) }),
    });
  }
  const as = (user: string, secret = NEWEST) => clientOf(tokens["anon-key"], user, secret);
  const service = () => clientOf(tokens["service-key"]);

  async function workspaceOf(user: string, name: string): Promise<string> {
    const { data } = await as(user).rpc("create_workspace", { name }).throwOnError();
    return data.id;
  }

  beforeAll(async () => {
    crm = await CrmDatabase.start();
    rest = await StandInRest.start(crm.loginOf("authenticator_1"), tokens["key-set"] ?? "");
  });

  afterAll(async () => {
    await rest?.stop();
    await crm?.stop();
  });

  it("reads and changes the rows of its user's workspace, and never another's", async () => {
    const ours = await workspaceOf(ann, "ours");
    const theirs = await workspaceOf(ben, "theirs");
    const contacts = as(ann).from("contacts");

    const { data: made, status } = await contacts
      .insert({ workspace_id: ours, first_name: "Ada", last_name: "Lovelace", email: "ada@example.com" })
      .select()
      .single();
    expect(status).toBe(201);
    expect(made).toMatchObject({ first_name: "Ada", deleted_at: null });
    await contacts
      .insert(["Bea", "Cid", "Dora"].map((first_name) => ({ workspace_id: ours, first_name })))
      .throwOnError();

    const page = await contacts
      .select("first_name", { count: "exact" })
      .in("first_name", ["Ada", "Bea", "Cid"])
      .order("first_name", { ascending: false })
      .range(0, 1);
    expect(page).toMatchObject({ count: 3, data: [{ first_name: "Cid" }, { first_name: "Bea" }] });
    expect((await contacts.select("id").ilike("email", "ADA@%")).data).toEqual([{ id: made.id }]);

    const updated = await contacts.update({ phone: "+49 30 1" }).eq("id", made.id).select("phone").single();
    expect(updated.data).toEqual({ phone: "+49 30 1" });
    const upserted = await contacts
      .upsert({ id: made.id, workspace_id: ours, first_name: "Augusta" })
      .select("first_name");
    expect(upserted.data).toEqual([{ first_name: "Augusta" }]);

    expect((await as(ben).from("contacts").select()).data).toEqual([]);
    const intruded = await as(ben).from("contacts").insert({ workspace_id: ours, first_name: "Eve" });
    expect(intruded).toMatchObject({ status: 403, error: { code: "42501" } });
    const moved = await contacts.update({ workspace_id: theirs }).eq("id", made.id);
    expect(moved.error?.code).toMatch(/42501|23000/);
    const nobody = await as(ben).from("contacts").update({ first_name: "Eve" }).eq("id", made.id).select();
    expect(nobody.data).toEqual([]);
  });

  it("no longer sees what it deleted, which the service's key still does", async () => {
    const { data: [gone] = [] } = await as(ann)
      .from("contacts")
      .select("id")
      .eq("first_name", "Dora")
      .throwOnError();
    await as(ann).from("contacts").delete().eq("id", gone?.id).throwOnError();
    expect((await as(ann).from("contacts").select("id").eq("id", gone?.id)).data).toEqual([]);
    const { data } = await service().from("contacts").select("deleted_at").eq("id", gone?.id).single();
    expect(Date.parse(data?.deleted_at)).toBeGreaterThan(0);
  });

  it("gets nothing with the anonymous key alone, and an error for a single row that is not there", async () => {
    const anonymous = await clientOf(tokens["anon-key"]).from("contacts").select();
    expect(anonymous).toMatchObject({ status: 401, data: null, error: { code: "42501" } });
    const missing = await as(ann).from("contacts").select().eq("id", randomUUID()).single();
    expect(missing).toMatchObject({ status: 406, error: { code: "PGRST116" } });
    expect((await as(ann).from("contacts").select().eq("id", randomUUID()).maybeSingle()).data).toBeNull();
    const wrong = await as(ann).from("contacts").insert({ workspace_id: randomUUID(), first_name: "" });
    expect(wrong.error).not.toBeNull();
  });

  it("keeps its sessions and keys while a new secret rolls out, and is refused by any other", async () => {
    const before = tokenData({ secrets: [FORMER], until: UNTIL });
    expect((await clientOf(before["service-key"]).from("contacts").select("id")).error).toBeNull();
    expect((await as(ann, FORMER).from("contacts").select("id")).data?.length).toBeGreaterThan(0);

    const stolen = { epoch: 2, value: "a-secret-that-nobody-ever-gave-out-at-all" };
    expect(await as(ann, stolen).from("contacts").select("id")).toMatchObject({
      status: 401,
      error: { code: "PGRST301" },
    });
    const forged = tokenData({ secrets: [stolen], until: UNTIL })["service-key"];
    expect((await clientOf(forged).from("contacts").select("id")).status).toBe(401);
    const ended = tokenData({ secrets: [NEWEST], until: "2020-01-01" })["service-key"];
    expect(await clientOf(ended).from("contacts").select("id")).toMatchObject({
      status: 401,
      error: { code: "PGRST303" },
    });
  });
});
