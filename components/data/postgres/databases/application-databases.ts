import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { recordArtefact } from "../../../shared/artefacts";
import { digest } from "../../../shared/digest";
import { serviceHost } from "../../../shared/pods";
import { LABELS, POSTGRES } from "../names";
import { type BootstrapJobArgs, bootstrapJob, SPECIFICATION_FILE } from "./bootstrap-job";
import {
  type Access,
  backupLoginsOf,
  bootstrapSpecification,
  type DatabaseSettings,
  type Login,
  loginsOf,
  type SupabaseAccess,
  type SupabaseService,
  supabaseLoginsOf,
} from "./specification";

export interface ApplicationDatabasesArgs extends Omit<BootstrapJobArgs, "run"> {
  /** The databases by name, with their extensions, their connection limits and the epoch of their passwords. */
  readonly databases: DatabaseSettings;
  /**
   * Increment to get a new login, with a new password, for backups. The previous one works until the next increment.
   */
  readonly backupEpoch: number;
  /** Sessions that the backup login may hold over all databases. */
  readonly backupSessions: number;
  /** Supabase's services. @default none: their roles and logins do not exist */
  readonly supabase?: SupabaseAccess | undefined;
  /** Patroni's settings that all members share. The Job applies them to a running cluster. */
  readonly dynamicConfiguration: object;
}

/** The user and the password of a service. */
export interface ServiceCredential {
  readonly user: string;
  /** Letters and digits, which need no escaping in a URL; secret. */
  readonly password: pulumi.Output<string>;
}

/** A login with its password. */
export interface Credential extends Login {
  /** The login's password; secret. */
  readonly password: pulumi.Output<string>;
}

/**
 * Creates the databases, and the logins of the applications and of backups, through a Job that runs once for each
 * specification.
 */
export class ApplicationDatabases extends pulumi.ComponentResource {
  /** Depend on this to wait until the databases and logins exist: it is complete once the Job is. */
  readonly made: pulumi.Resource;

  /** Every login that works now, with each database's newest last. */
  readonly credentials: readonly Credential[];

  /** The login that makes backups. It can read every database, and may log in only from pods. */
  readonly backup: { readonly user: string; readonly password: pulumi.Output<string> };

  /** The newest login of each of Supabase's services; none without them. */
  readonly supabase: Readonly<Partial<Record<SupabaseService, ServiceCredential>>>;

  private readonly namespace: pulumi.Input<string>;

  constructor(name: string, args: ApplicationDatabasesArgs, opts?: pulumi.ComponentResourceOptions) {
    super("trellis:postgres:ApplicationDatabases", name, {}, opts);
    this.namespace = args.namespace;
    this.credentials = this.passwordsFor(name, loginsOf(args.databases));
    const backups = this.passwordsFor(name, backupLoginsOf(args.backupEpoch));
    const newest = backups.at(-1);
    if (!newest) throw new Error(`there is no backup login for epoch ${args.backupEpoch}`);
    this.backup = { user: newest.user, password: newest.password };
    const services = this.passwordsFor(name, args.supabase ? supabaseLoginsOf(args.supabase) : []);
    this.supabase = Object.fromEntries(
      services.map(({ service, user, password }) => [service, { user, password }]), // the newest is last
    );
    const specification = bootstrapSpecification(
      args.databases,
      { epoch: args.backupEpoch, sessions: args.backupSessions },
      args.dynamicConfiguration,
      args.supabase,
    );
    recordArtefact(this, `postgres/${SPECIFICATION_FILE}`, specification);
    // A Job is immutable, so each specification gets a new Job with its own inputs. No Job ever reads the specification
    // of one run with the passwords of another.
    const run = `${POSTGRES.bootstrap}-${digest(specification, 12)}`;
    const inputs = this.inputs(name, args, {
      run,
      specification,
      credentials: [...this.credentials, ...services, ...backups],
    });
    this.made = this.job(name, args, { run, inputs });
    this.registerOutputs({ backup: this.backup });
  }

  private passwordsFor<Each extends { readonly user: string }>(name: string, logins: readonly Each[]) {
    return logins.map((login) => ({
      ...login,
      password: new random.RandomPassword(
        `${name}-${login.user}`,
        { length: 40, special: false }, // needs no escaping in a URL
        { parent: this },
      ).result,
    }));
  }

  /** What the Job's pod mounts and runs as. */
  private inputs(
    name: string,
    { namespace }: ApplicationDatabasesArgs,
    { run, specification, credentials }: BootstrapInputs,
  ): pulumi.Resource[] {
    const child = { parent: this };
    const metadata = { name: run, namespace, labels: LABELS.bootstrap };
    return [
      new k8s.core.v1.ConfigMap(
        `${name}-specification`,
        { metadata, data: { [SPECIFICATION_FILE]: specification } },
        child,
      ),
      new k8s.core.v1.Secret(
        `${name}-passwords`,
        {
          metadata,
          stringData: Object.fromEntries(
            credentials.map(({ passwordFile, password }) => [passwordFile, password]),
          ),
        },
        child,
      ),
      new k8s.core.v1.ServiceAccount(
        `${name}-account`,
        {
          metadata: { name: POSTGRES.bootstrap, namespace, labels: LABELS.bootstrap },
          automountServiceAccountToken: false,
        },
        child,
      ),
    ];
  }

  private job(
    name: string,
    { namespace, image, passwords, serverCertificate }: ApplicationDatabasesArgs,
    { run, inputs }: { readonly run: string; readonly inputs: pulumi.Resource[] },
  ): pulumi.Resource {
    return new k8s.batch.v1.Job(
      `${name}-job`,
      {
        metadata: { name: run, namespace, labels: LABELS.bootstrap },
        spec: bootstrapJob({ namespace, image, run, passwords, serverCertificate }),
      },
      {
        parent: this,
        dependsOn: inputs,
        // A new image does not repeat a finished Job. It runs with the next specification.
        ignoreChanges: ["spec.template.spec.containers[0].image"],
      },
    );
  }

  /** The connection string of an application to its database, with the newest of its logins; secret. */
  connection(
    database: string,
    access: Access,
    service: string = access === "read" ? POSTGRES.replica : POSTGRES.primary,
  ): pulumi.Output<string> {
    const newest = this.credentials.findLast((each) => each.database === database && each.access === access);
    if (!newest) throw new Error(`there is no database ${database}`);
    const { user, password } = newest;
    const host = serviceHost(service, this.namespace);
    return pulumi.secret(
      pulumi.interpolate`postgres://${user}:${password}@${host}:${POSTGRES.ports.postgres}/${database}?sslmode=verify-full`,
    );
  }
}

/** What the Job gets: a specification and the passwords that it refers to. */
interface BootstrapInputs {
  /** Name of both the ConfigMap and the Secret. */
  readonly run: string;
  readonly specification: string;
  readonly credentials: readonly Pick<Credential, "passwordFile" | "password">[];
}
