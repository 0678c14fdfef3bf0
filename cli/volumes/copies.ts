import { z } from "zod";
import { MINIO, POSTGRES, POSTGRES_PATHS } from "../../components/data";
import { UserError } from "../../components/shared/user-error";
import type { Cluster } from "../shared/cluster-access";

/** A system that fills a member's empty volume from its other members. */
export interface Copies {
  /** What fills the volume, for messages. */
  readonly name: string;
  /** The runbook's page for its troubles. */
  readonly runbook: string;
  /** Why no further volume may be emptied now; undefined if one may. `pod` is the member whose volume is gone. */
  readonly refusal: (pod: string) => string | undefined;
  /** What the member still lacks; undefined once it has everything. */
  readonly lacks: (pod: string) => string | undefined;
}

const MEMBERS = z.array(
  z.object({ Member: z.string(), Role: z.string(), State: z.string() }).transform((member) => ({
    name: member.Member,
    leads: member.Role === "Leader",
    state: member.State,
  })),
);

export type Members = z.output<typeof MEMBERS>;

const DRIVES = z.object({
  info: z.object({
    servers: z.array(
      z.object({
        endpoint: z.string(),
        drives: z
          .array(
            z.object({
              path: z.string().optional(),
              endpoint: z.string().optional(),
              state: z.string(),
              healing: z.boolean().default(false),
            }),
          )
          .default([]),
      }),
    ),
  }),
});

export type Drives = z.output<typeof DRIVES>;

/** Why PostgreSQL may not lose another volume: someone must lead, and all others must have a copy. */
export function membersRefusal(members: Members, lost: string): string | undefined {
  const others = members.filter(({ name }) => name !== lost);
  if (!others.some(({ leads, state }) => leads && state === "running"))
    return `no member but ${lost} leads, so nobody could fill an empty volume`;
  const behind = others.find(({ leads, state }) => !leads && state !== "streaming");
  return behind && `${behind.name} is in the state "${behind.state}" and must be "streaming" first`;
}

/** What a member still lacks. */
export function memberLacks(members: Members, pod: string): string | undefined {
  const member = members.find(({ name }) => name === pod);
  if (!member) return "Patroni does not list it yet";
  const whole = member.leads ? member.state === "running" : member.state === "streaming";
  return whole ? undefined : `its state is "${member.state}"`;
}

const driveTrouble = (drives: Drives["info"]["servers"][number]["drives"]) =>
  drives
    .filter(({ state, healing }) => state !== "ok" || healing)
    .map(
      ({ path, endpoint, state, healing }) =>
        `${path ?? endpoint ?? "a drive"} ${healing ? "heals" : `is ${state}`}`,
    )[0];

const isOf = (endpoint: string, pod: string) => endpoint.split(/[.:]/)[0] === pod;

/** Why MinIO may not lose another volume: the drives of all other servers must be whole. */
export function drivesRefusal({ info: { servers } }: Drives, lost: string): string | undefined {
  for (const { endpoint, drives } of servers.filter(({ endpoint }) => !isOf(endpoint, lost))) {
    const trouble = drives.length === 0 ? "shows no drive" : driveTrouble(drives);
    if (trouble) return `${endpoint}: ${trouble}`;
  }
  return undefined;
}

/** What a server's drives still lack. */
export function drivesLack({ info: { servers } }: Drives, pod: string): string | undefined {
  const server = servers.find(({ endpoint }) => isOf(endpoint, pod));
  if (!server || server.drives.length === 0) return "the other servers do not see it yet";
  return driveTrouble(server.drives);
}

const ADMIN_INFO = [
  'mkdir -p "$MC_CONFIG_DIR/certs/CAs"',
  'cp /etc/minio/certs/CAs/ca.crt "$MC_CONFIG_DIR/certs/CAs/"',
  'MC_HOST_here="https://$MINIO_ROOT_USER:$MINIO_ROOT_PASSWORD@localhost:9000" mc --json admin info here',
].join(" && ");

/** The systems that copy, by the label `app.kubernetes.io/name` of their pods. */
export function copiesIn(cluster: Cluster): Readonly<Record<string, (namespace: string) => Copies>> {
  return {
    [POSTGRES.statefulSet]: (namespace) => {
      const members = (pod: string) =>
        askAnother(cluster, { namespace, pod, app: POSTGRES.statefulSet }, MEMBERS, [
          ...[
            "patronictl",
            "--config-file",
            `${POSTGRES_PATHS.config}/patroni.yml`,
            "list",
            "--format",
            "json",
          ],
        ]);
      return {
        name: "PostgreSQL",
        runbook: "docs/runbooks/postgres.md",
        refusal: (pod) => membersRefusal(members(pod), pod),
        lacks: (pod) => memberLacks(members(pod), pod),
      };
    },
    [MINIO.statefulSet]: (namespace) => {
      const drives = (pod: string) =>
        askAnother(cluster, { namespace, pod, app: MINIO.statefulSet }, DRIVES, [
          ...["env", "MC_CONFIG_DIR=/tmp/mc", "sh", "-c", ADMIN_INFO],
        ]);
      return {
        name: "MinIO",
        runbook: "docs/runbooks/object-storage.md",
        refusal: (pod) => drivesRefusal(drives(pod), pod),
        lacks: (pod) => drivesLack(drives(pod), pod),
      };
    },
  };
}

interface Asked {
  readonly namespace: string;
  readonly pod: string;
  readonly app: string;
}

/** The answer of the first pod beside `pod` that gives one. */
function askAnother<Schema extends z.ZodType>(
  cluster: Cluster,
  { namespace, pod, app }: Asked,
  answer: Schema,
  command: readonly string[],
): z.output<Schema> {
  const running = cluster
    .kubectl([
      ...["get", "pods", "--namespace", namespace, "--selector", `app.kubernetes.io/name=${app}`],
      ...["--field-selector", "status.phase=Running", "--output", "jsonpath={.items[*].metadata.name}"],
    ])
    .split(" ")
    .filter((name) => name && name !== pod);
  let refused: unknown;
  for (const other of running) {
    try {
      const said = cluster.kubectl([
        "exec",
        other,
        "--namespace",
        namespace,
        "--container",
        app,
        "--",
        ...command,
      ]);
      return answer.parse(JSON.parse(said));
    } catch (error) {
      refused = error;
    }
  }
  const why = refused instanceof Error ? `: ${refused.message}` : "";
  throw new UserError(`no pod beside ${pod} in ${namespace} could be asked for its members${why}`);
}
