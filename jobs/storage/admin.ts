import { JobError, StoreConnection, StoreError, type StoreRequest } from "../shared";
import { encryptedBody } from "./encrypted-body";
import type { Policy } from "./policies";

/** A store and the keys that create buckets in it. */
export interface StoreAccess {
  /** URL of the store. */
  readonly endpoint: string;
  /** Region that requests are signed for. */
  readonly region: string;
  /** The access key. */
  readonly user: string;
  /** The secret key. */
  readonly password: string;
}

/** MinIO and its root user, who may use the admin API too. */
export type RootAccess = StoreAccess;

/** Users and policies, through MinIO's admin API, whose requests are signed like those of S3. */
export class Admin {
  readonly #connection: StoreConnection;

  constructor(
    readonly root: RootAccess,
    signal: AbortSignal,
  ) {
    // The admin API is under a path that no bucket can have.
    const { endpoint, region, user: accessKey, password: secretKey } = root;
    this.#connection = new StoreConnection(
      { endpoint, region, bucket: "minio", accessKey, secretKey },
      signal,
    );
  }

  /** Fails at once where writes would each wait a minute for offline drives. */
  async requireWrites(): Promise<void> {
    try {
      await this.#connection.send({ method: "GET", key: "health/cluster" });
    } catch (error) {
      if (!(error instanceof StoreError) || !error.isAnswer) throw error;
      throw new JobError(
        `the object storage at ${this.root.endpoint} takes no writes: too few of its servers or drives are online; see kubectl -n storage get pods`,
      );
    }
  }

  async policyNames(): Promise<string[]> {
    const answer = await this.#ask("listing policies", { method: "GET", key: "list-canned-policies" });
    return Object.keys(JSON.parse(answer) as object);
  }

  async setPolicy(name: string, policy: Policy): Promise<void> {
    await this.#ask(`the policy ${name}`, {
      method: "PUT",
      key: "add-canned-policy",
      query: { name },
      body: Buffer.from(JSON.stringify(policy)),
    });
  }

  /** Creates the user, or sets its secret key; its privileges come from the policy only. */
  async setUser(name: string, secretKey: string, policy: string): Promise<void> {
    const what = `the user ${name}`;
    const content = Buffer.from(JSON.stringify({ secretKey, status: "enabled" }));
    await this.#ask(what, {
      method: "PUT",
      key: "add-user",
      query: { accessKey: name },
      body: encryptedBody(this.root.password, content),
    });
    await this.#ask(what, {
      method: "PUT",
      key: "set-user-or-group-policy",
      query: { policyName: policy, userOrGroup: name, isGroup: "false" },
    });
  }

  /** Succeeds also where the user does not exist. */
  async removeUser(name: string): Promise<void> {
    await this.#ask(
      `the removal of the user ${name}`,
      { method: "DELETE", key: "remove-user", query: { accessKey: name } },
      "XMinioAdminNoSuchUser",
    );
  }

  async removePolicy(name: string): Promise<void> {
    await this.#ask(
      `the removal of the policy ${name}`,
      { method: "DELETE", key: "remove-canned-policy", query: { name } },
      "XMinioAdminNoSuchPolicy",
    );
  }

  close(): void {
    this.#connection.close();
  }

  async #ask(
    what: string,
    { key, ...wanted }: StoreRequest & { readonly key: string },
    harmless?: string,
  ): Promise<string> {
    try {
      return (await this.#connection.send({ ...wanted, key: `admin/v3/${key}` })).body;
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      if (error.code === harmless) return "";
      throw this.#explained(what, error);
    }
  }

  #explained(what: string, error: StoreError): JobError {
    if (!error.isAnswer) return error;
    const where = `the object storage at ${this.root.endpoint}`;
    switch (error.code) {
      case "InvalidAccessKeyId":
      case "SignatureDoesNotMatch":
        return new JobError(
          `${where} refuses root's user or password; STORAGE_ROOT_USER and STORAGE_ROOT_PASSWORD must be those that its servers were started with`,
        );
      case "AccessDenied":
        return new JobError(`${where} denies ${what} to ${this.root.user}, who is not its root user`);
      default:
        return new JobError(
          `${where} refuses ${what}: ${error.code}${error.said ? `, ${error.said}` : ""}`,
          1,
          { cause: error },
        );
    }
  }
}
