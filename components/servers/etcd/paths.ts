/** The paths of a member's files. The root is empty on a machine and a temporary directory in a test. */
export function etcdPaths(root = "") {
  const etc = `${root}/etc/etcd`;
  return {
    etc,
    /** The part of etcd's configuration that is the same at each start; the tool adds the settings for joining. */
    configuration: `${etc}/etcd.yaml`,
    /** The settings of `trellis-etcd`, as shell variables. */
    tool: `${etc}/trellis.conf`,
    grants: `${etc}/grants`,
    snapshotRecipient: `${etc}/snapshot.recipient`,
    snapshotIdentity: `${etc}/snapshot.identity`,
    storeCredentials: `${etc}/store.curl`,
    certificates: `${etc}/tls`,
    binaries: `${root}/usr/local/bin`,
    program: `${root}/usr/local/sbin/trellis-etcd`,
    /** A script of the base part that waits for an address. */
    interfaceOf: `${root}/usr/local/lib/trellis/interface-of`,
    units: `${root}/etc/systemd/system`,
    run: `${root}/run/etcd`,
    /** The configuration that etcd is started with. */
    started: `${root}/run/etcd/etcd.yaml`,
    data: `${root}/var/lib/etcd`,
    /** Kept when the data is deleted: the mark that this machine was a member, and its last snapshots. */
    state: `${root}/var/lib/trellis/etcd`,
    snapshots: `${root}/var/lib/trellis/etcd/snapshots`,
    /** Read by node-exporter's textfile collector. */
    metrics: `${root}/var/lib/trellis/metrics`,
  } as const;
}

export type EtcdPaths = ReturnType<typeof etcdPaths>;
