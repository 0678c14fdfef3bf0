import { JobError, ObjectStore, StoreConnection, StoreError } from "../shared";
import type { StoreAccess } from "./admin";
import type { BucketSpecification } from "./specification";

/** One bucket, which is brought to its specification. */
export class Bucket {
  readonly #store: ObjectStore;
  readonly #connection: StoreConnection;

  constructor(
    readonly declared: BucketSpecification,
    { endpoint, region, user, password }: StoreAccess,
    signal: AbortSignal,
  ) {
    const address = { endpoint, region, bucket: declared.name, accessKey: user, secretKey: password };
    this.#store = new ObjectStore(address, signal);
    this.#connection = new StoreConnection(address, signal);
  }

  /** Creates a missing bucket; the content of an existing one is kept. */
  async make(): Promise<void> {
    await this.#store.makeBucket();
    await this.makeParts();
  }

  /** Sets what belongs to an existing bucket: versioning and expiry. */
  async makeParts(): Promise<void> {
    await this.#setVersioning();
    await this.#setLifecycle();
  }

  /** Creates a missing bucket in a store that others may share, where these keys may; an existing one is enough. */
  async require(): Promise<void> {
    const { name } = this.declared;
    try {
      await this.#store.check();
      return;
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      if (error.code === "AccessDenied" && error.isAnswer)
        throw new JobError(
          `the bucket ${name} at ${this.#store.address.endpoint} belongs to somebody else, or denies its list to this access key; set minio.prefix, or grant it`,
        );
      if (error.code !== "NoSuchBucket") throw error;
    }
    try {
      await this.#create();
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      if (error.code === "BucketAlreadyExists")
        throw new JobError(
          `the bucket ${name} at ${this.#store.address.endpoint} belongs to somebody else; set minio.prefix to a beginning that is yours alone`,
        );
      if (error.code === "AccessDenied")
        throw new JobError(
          `the bucket ${name} does not exist at ${this.#store.address.endpoint}, and this access key may not create it; create it there, or grant it`,
        );
      throw error;
    }
  }

  /** Some stores, such as AWS outside of us-east-1, want the region in the body; others refuse it there. */
  async #create(): Promise<void> {
    try {
      await this.#store.makeBucket();
    } catch (error) {
      const wantsRegion = error instanceof StoreError && /LocationConstraint/.test(error.code);
      if (!wantsRegion) throw error;
      const { region } = this.#store.address;
      const body = `<CreateBucketConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><LocationConstraint>${region}</LocationConstraint></CreateBucketConfiguration>`;
      await this.#connection.send({ method: "PUT", body: Buffer.from(body) });
    }
  }

  /** A bucket policy, which would allow access without a key, where somebody has set one. */
  async foreignPolicy(): Promise<string | undefined> {
    return await this.#read("policy", "NoSuchBucketPolicy");
  }

  close(): void {
    this.#store.close();
    this.#connection.close();
  }

  /**
   * A bucket that was never versioned has no state, and versioning can only be suspended afterwards: existing versions
   * stay.
   */
  async #setVersioning(): Promise<void> {
    const { body } = await this.#connection.send({ method: "GET", query: { versioning: "" } });
    const enabled = body.includes("<Status>Enabled</Status>");
    if (enabled === this.declared.versioning) return;
    const status = this.declared.versioning ? "Enabled" : "Suspended";
    await this.#write(
      "versioning",
      `<VersioningConfiguration><Status>${status}</Status></VersioningConfiguration>`,
    );
  }

  async #setLifecycle(): Promise<void> {
    const rules = lifecycleRules(this.declared);
    if (rules !== "") {
      await this.#write("lifecycle", `<LifecycleConfiguration>${rules}</LifecycleConfiguration>`);
    } else if ((await this.#read("lifecycle", "NoSuchLifecycleConfiguration")) !== undefined) {
      await this.#connection.send({ method: "DELETE", query: { lifecycle: "" } });
    }
  }

  async #read(part: string, absent: string): Promise<string | undefined> {
    try {
      return (await this.#connection.send({ method: "GET", query: { [part]: "" } })).body;
    } catch (error) {
      if (error instanceof StoreError && error.code === absent) return undefined;
      throw error;
    }
  }

  async #write(part: string, xml: string): Promise<void> {
    await this.#connection.send({ method: "PUT", query: { [part]: "" }, body: Buffer.from(xml) });
  }
}

/** Separate expiry rules for objects and for older versions. */
export function lifecycleRules({ expireDays, noncurrentDays }: BucketSpecification): string {
  return [
    ...(expireDays === undefined
      ? []
      : [rule("trellis-expire", `<Expiration><Days>${expireDays}</Days></Expiration>`)]),
    ...(noncurrentDays === undefined
      ? []
      : [
          rule(
            "trellis-older-versions",
            `<NoncurrentVersionExpiration><NoncurrentDays>${noncurrentDays}</NoncurrentDays></NoncurrentVersionExpiration>`,
          ),
        ]),
  ].join("");
}

const rule = (id: string, action: string) =>
  `<Rule><ID>${id}</ID><Status>Enabled</Status><Filter><Prefix></Prefix></Filter>${action}</Rule>`;
