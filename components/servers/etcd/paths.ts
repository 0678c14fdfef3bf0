/** Where everything of a member lies, below a root that is empty on a machine and a scratch folder in a test. */
export function etcdPaths(root = "") {
  const etc = `${root}/etc/etcd`;
  return {
    etc,
    /** What is true of this member however it starts; the tool adds how it joins. */
    configuration: `${etc}/etcd.yaml`,
    /** What the tool knows, as shell variables. */
    tool: `${etc}/trellis.conf`,
    grants: `${etc}/grants`,
    snapshotRecipient: `${etc}/snapshot.recipient`,
    snapshotIdentity: `${etc}/snapshot.identity`,
    storeCredentials: `${etc}/store.curl`,
    certificates: `${etc}/tls`,
    binaries: `${root}/usr/local/bin`,
    program: `${root}/usr/local/sbin/trellis-etcd`,
    /** From the base of the machine: waits for an address. */
    interfaceOf: `${root}/usr/local/lib/trellis/interface-of`,
    units: `${root}/etc/systemd/system`,
    run: `${root}/run/etcd`,
    /** The configuration that etcd is started with. */
    started: `${root}/run/etcd/etcd.yaml`,
    data: `${root}/var/lib/etcd`,
    /** Outlives the data: that this machine has been a member, and its last snapshots. */
    state: `${root}/var/lib/trellis/etcd`,
    snapshots: `${root}/var/lib/trellis/etcd/snapshots`,
    /** Read by node-exporter's textfile collector. */
    metrics: `${root}/var/lib/trellis/metrics`,
  } as const;
}

export type EtcdPaths = ReturnType<typeof etcdPaths>;
