import type { Settings } from "../../../settings";

/** How soon another member leads after the leader is lost: the setting `postgres.failover`. */
export type Failover = Settings["postgres"]["failover"];

/** Patroni's timing, in seconds. */
export interface Clock {
  /** The lease of the leader key, after which another member may lead. */
  readonly ttl: number;
  /** Pause between two rounds, in each of which the leader renews its lease. */
  readonly loop_wait: number;
  /** How long a member tries to reach etcd before a round fails. */
  readonly retry_timeout: number;
}

/**
 * After the loss of a server the leader key stays until its lease (ttl) has run out, and that is nearly all of the
 * outage. What a leader that lost etcd does meanwhile, counted from its last renewal:
 *
 * |                                                                 | fast | standard |
 * | --------------------------------------------------------------- | ---: | -------: |
 * | loop_wait passes; then it tries to read from etcd               |    1 |        1 |
 * | retry_timeout passes in vain                                    |    5 |        7 |
 * | it asks all members for their consent, twice for at most 2 s    |    9 |       11 |
 * | it goes on with their consent (failsafe mode), or has demoted itself | |        |
 * | the lease is over                                               |   12 |       20 |
 *
 * If etcd answers the read at the last moment and then not the renewal, retry_timeout passes twice: 13 s and 17 s. So
 * with `standard` a slow etcd alone never makes two leaders. With `fast` there is a second in which another member may
 * take the key; it does not while it reaches a member that still leads, so two leaders need a network that is cut between
 * exactly these two besides. Hence `fast` is for servers in one zone, with etcd on local disks.
 *
 * - These sums hold only because nothing here waits for DNS: resolving a name ignores all of Patroni's time limits, so
 *   members announce addresses (member-environment.ts), and etcd on our own servers is known by address too.
 *   patroni/patroni#3678 shows what happens when the consent comes after the lease.
 * - Patroni's own rule, loop_wait + 2 x retry_timeout <= ttl, holds with 3 s and 7 s to spare.
 * - retry_timeout is longer than the election of a new etcd leader, which takes up to 2 s within one network zone and 5 s
 *   between Europe and America: another reason why `fast` is for one zone.
 * - Patroni raises a ttl below 20 to 20 by itself; the image's trellis-patroni.py lowers that limit.
 * - A longer loop_wait would shorten this outage further, because the key is then older when its holder dies. But then
 *   every crash that can be repaired in place would take longer to be noticed.
 */
export const CLOCKS: Readonly<Record<Failover, Clock>> = {
  standard: { ttl: 20, loop_wait: 1, retry_timeout: 6 },
  fast: { ttl: 12, loop_wait: 1, retry_timeout: 4 },
};
