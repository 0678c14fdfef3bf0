import { describe, expect, it } from "vitest";
import { lostVolumes, type Observed, observed } from "../../../../cli/volumes/lost-volumes";

const PATH = "/var/lib/rancher/k3s/storage/pvc-1_postgres_data-postgres-1";

interface Changes {
  readonly phase?: string;
  readonly message?: string;
  readonly nodeSince?: string;
  readonly eventOf?: string;
  readonly volume?: string;
}

/** A member whose pod waits for a folder that its server does not have. */
function cluster({
  phase = "Pending",
  message = `MountVolume.NewMounter initialization failed for volume "pvc-1" : path "${PATH}" does not exist`,
  nodeSince = "2026-02-01T00:00:00Z",
  eventOf = "uid-1",
  volume = "Bound",
}: Changes = {}): Observed {
  const hostname = { key: "kubernetes.io/hostname", operator: "In", values: ["server-2"] };
  return {
    nodes: observed.nodes.parse({
      items: [{ metadata: { name: "server-2", creationTimestamp: nodeSince } }],
    }),
    volumes: observed.volumes.parse({
      items: [
        {
          metadata: { name: "pvc-1", creationTimestamp: "2026-01-01T00:00:00Z" },
          spec: {
            claimRef: { namespace: "postgres", name: "data-postgres-1" },
            local: { path: PATH },
            nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: [hostname] }] } },
          },
          status: { phase: volume },
        },
      ],
    }),
    pods: observed.pods.parse({
      items: [
        {
          metadata: {
            name: "postgres-1",
            uid: "uid-1",
            namespace: "postgres",
            creationTimestamp: "2026-02-01T00:01:00Z",
            labels: { "app.kubernetes.io/name": "postgres" },
          },
          spec: { volumes: [{ persistentVolumeClaim: { claimName: "data-postgres-1" } }, { emptyDir: {} }] },
          status: { phase },
        },
      ],
    }),
    events: observed.events.parse({
      items: [{ involvedObject: { uid: eventOf }, reason: "FailedMount", message }],
    }),
  };
}

describe("the volumes that were lost with a server", () => {
  it("are those of whose folder kubelet says that it does not exist", () => {
    expect(lostVolumes(cluster())).toEqual([
      {
        namespace: "postgres",
        claim: "data-postgres-1",
        pod: "postgres-1",
        node: "server-2",
        path: PATH,
        app: "postgres",
        nodeIsNewer: true,
      },
    ]);
  });

  it("say when the server is the one on which they were made", () => {
    expect(lostVolumes(cluster({ nodeSince: "2025-12-01T00:00:00Z" }))).toMatchObject([
      { nodeIsNewer: false },
    ]);
  });

  it.each<[string, Changes]>([
    ["a pod that runs", { phase: "Running" }],
    [
      "another reason to wait",
      { message: 'MountVolume.SetUp failed for volume "pvc-1" : permission denied' },
    ],
    [
      "a volume whose name begins alike",
      {
        message: `MountVolume.NewMounter initialization failed for volume "pvc-12" : path "${PATH}" does not exist`,
      },
    ],
    ["an earlier pod of the same name", { eventOf: "uid-0" }],
    ["a volume that was released", { volume: "Released" }],
  ])("are not reported for %s", (_, changes) => {
    expect(lostVolumes(cluster(changes))).toEqual([]);
  });
});
