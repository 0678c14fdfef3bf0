import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { recordArtefact } from "../../../shared/artefacts";
import { digest } from "../../../shared/digest";
import { hostOf, LABELS, POSTGRES } from "../names";
import { type BootstrapJobArgs, bootstrapJob, SPECIFICATION_FILE } from "./bootstrap-job";
import {
  type Access,
  backupLoginsOf,
  bootstrapSpecification,
  type DatabaseSettings,
  type Login,
  loginsOf,
} from "./specification";

export interface ApplicationDatabasesArgs extends Omit<BootstrapJobArgs, "run"> {
  readonly namespace: pulumi.Input<string>;
  /** By name: extensions, connections, and the epoch of the passwords. */
  readonly databases: DatabaseSettings;
  /** Raised to give the login that makes backups a new password. */
  readonly backupEpoch: number;
  /** What all members of Patroni share; a running cluster is brought up to it. */
  readonly dynamicConfiguration: object;
}

/** A login with its password. */
export interface Credential extends Login {
  readonly password: pulumi.Output<string>;
}

/** The databases, and who may do what in them: made by a Job that runs once for each specification. */
export class ApplicationDatabases extends pulumi.ComponentResource {
  /** For what needs its database: done once the Job is. */
  readonly made: pulumi.Resource;

  /** Every login that works now, each database's newest last. */
  readonly credentials: readonly Credential[];

  /** Who makes backups: reads everything, and comes from the pods alone. */
  readonly backup: { readonly user: string; readonly password: pulumi.Output<string> };

  constructor(name: string, args: ApplicationDatabasesArgs, opts?: pulumi.ComponentResourceOptions) {
    super("trellis:postgres:ApplicationDatabases", name, {}, opts);
    const { namespace } = args;
    const child = { parent: this };
    const password = (user: string) =>
      new random.RandomPassword(
        `${name}-${user}`,
        { length: 40, special: false }, // fits into a URL as it is
        child,
      ).result;
    this.credentials = loginsOf(args.databases).map((login) => ({
      ...login,
      password: password(login.user),
    }));
    const backup = backupLoginsOf(args.backupEpoch).map((login) => ({
      ...login,
      password: password(login.user),
    }));
    const newest = backup.at(-1);
    if (!newest) throw new Error(`there is no backup login for epoch ${args.backupEpoch}`);
    this.backup = { user: newest.user, password: newest.password };

    const specification = bootstrapSpecification(args.databases, args.backupEpoch, args.dynamicConfiguration);
    recordArtefact(this, `postgres/${SPECIFICATION_FILE}`, specification);
    // A Job cannot be changed. Another specification is another Job, with inputs of its own, so that none ever reads the
    // specification of one run with the passwords of another.
    const run = `${POSTGRES.bootstrap}-${digest(specification, 12)}`;
    const metadata = { name: run, namespace, labels: LABELS.bootstrap };
    const inputs = [
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
            [...this.credentials, ...backup].map(({ passwordFile, password }) => [passwordFile, password]),
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
    this.made = new k8s.batch.v1.Job(
      `${name}-job`,
      { metadata, spec: bootstrapJob({ ...args, run }) },
      {
        parent: this,
        dependsOn: inputs,
        // What is made already need not be made again by a newer image: that one comes with the next specification.
        ignoreChanges: ["spec.template.spec.containers[0].image"],
      },
    );
    this.registerOutputs({});
  }

  /** How an application reaches its database with the newest of its logins; secret. */
  connection(
    database: string,
    access: Access,
    host: string = hostOf(access === "read" ? POSTGRES.replica : POSTGRES.primary),
  ): pulumi.Output<string> {
    const newest = this.credentials.findLast((each) => each.database === database && each.access === access);
    if (!newest) throw new Error(`there is no database ${database}`);
    const { user, password } = newest;
    return pulumi.secret(
      pulumi.interpolate`postgres://${user}:${password}@${host}:${POSTGRES.ports.postgres}/${database}?sslmode=verify-full`,
    );
  }
}
