#!/usr/bin/python3
"""Patroni, and patronictl under that name, with seven changes.

1. A lease may be shorter than 20 s, the floor of Patroni. The rule that makes a lease safe is another one, and stays:
   loop_wait + 2 x retry_timeout <= ttl. clock.ts says why ours is as short as it is.
2. A PostgreSQL that is being stopped is asked every tenth of a second whether it has ended, not every second. A planned
   switchover waits for this with all its clients.
3. Where patroni.yml names a user of etcd, etcd must ask for its password. Patroni itself would go on without one, and any
   client could then rewrite the cluster. An error here is to Patroni like an etcd that does not answer: it waits.
4. The certificate of another member's REST API is verified by the name ctl.server_name of patroni.yml. Members announce
   the addresses of their pods, because a name would need DNS for every vote; no certificate contains such an address.
5. Once an etcd member's name was resolved, nothing waits for DNS again: the known address is used while the name is resolved
   anew in the background. Patroni itself forgets it when no etcd member answers, and then waits for DNS longer than its
   lease lasts. Only names are concerned, so only an etcd in the same Kubernetes cluster.
6. The queue of WAL for the archive is no larger than three fifths of the volume that the member really has. Kubernetes keeps the
   volumes of members that were created before their size was raised, and a full volume stops every database.
7. Data are served by the programs of their own major release, where the image has them (postgres.upgradeFrom). So a new image
   restarts members as any other change does, and the data move to the new release when `jobs postgres upgrade` moves them.
"""

import os
import sys
import time

import patroni.postgresql
import yaml
from patroni.__main__ import main
from patroni.config import Config
from patroni.dcs.etcd import DnsCachingResolver
from patroni.dcs.etcd3 import Etcd3Client, Etcd3Exception
from patroni.request import PatroniRequest

SHORTEST_TTL = 10
ADJUST = "_Config__get_and_maybe_adjust_int_value"
POLLING_INTERVAL = "STOP_POLLING_INTERVAL"
# The least time between two attempts to resolve the same name, in seconds.
RESOLVE_AGAIN = 5
# The share of the volume that WAL may take while no store answers. The rest is for the data.
QUEUE_SHARE = 0.6


def allow_shorter_ttl(adjust):
    def adjusted(self, config, param, min_value):
        return adjust(self, config, param, min(min_value, SHORTEST_TTL) if param == "ttl" else min_value)

    return adjusted


def demand_authentication(authenticate):
    def demanded(self, *args, **kwargs):
        changed = authenticate(self, *args, **kwargs)
        if self.username and not self._token:
            raise Etcd3Exception("authentication of etcd is off; Patroni waits until etcd-access.service turns it on")
        return changed

    return demanded


def verify_server_name(reload_config):
    def reloaded(self, config):
        reload_config(self, config)
        name = self._get_ctl_value(config, "server_name")
        # Patroni sets it itself, to False, where verification is turned off.
        if name and "assert_hostname" not in self._pool.connection_pool_kw:
            self._pool.connection_pool_kw["assert_hostname"] = name

    return reloaded


def refresh(resolver, host, port, age):
    """Returns the known addresses; resolves the name in the background if they are older than the given age."""
    resolved_at, addresses = resolver._cache.get((host, port), (0, []))
    if addresses and time.time() - resolved_at > age:
        resolver._cache[(host, port)] = (time.time(), addresses)
        resolver.resolve_async(host, port)
    return addresses


def resolve_in_background(resolve):
    def resolved(self, host, port):
        return refresh(self, host, port, self._cache_time) or resolve(self, host, port)

    return resolved


def remove(self, host, port):
    refresh(self, host, port, RESOLVE_AGAIN)


def limit_archive_queue(environment):
    """Sets pgBackRest's limit in the environment of PostgreSQL, where it precedes that of the configuration file."""
    wanted, volume = environment.get("ARCHIVE_QUEUE_BYTES"), environment.get("ARCHIVE_VOLUME")
    if not wanted or not volume:
        return
    size = os.statvfs(volume)
    limit = min(int(wanted), int(size.f_blocks * size.f_frsize * QUEUE_SHARE))
    environment["PGBACKREST_ARCHIVE_PUSH_QUEUE_MAX"] = str(limit)


def release_of(data):
    """Returns the major release that a data folder belongs to; empty where there are no data yet."""
    try:
        with open(os.path.join(data, "PG_VERSION")) as file:
            return file.read().strip()
    except FileNotFoundError:
        return ""


def programs_for(data, programs):
    """Returns the folder with the programs of the data's own release: the given one ends with <major>/bin."""
    release = release_of(data)
    return os.path.join(os.path.dirname(os.path.dirname(programs)), release, "bin") if release else programs


def serve_by_own_release(pgcommand):
    def command(self, cmd):
        programs, name = os.path.split(pgcommand(self, cmd))
        own = os.path.join(programs_for(self.data_dir, programs), name)
        return own if os.path.exists(own) else os.path.join(programs, name)

    return command


def require_programs(config_file):
    """Refuses data of a release that the image does not have, before Patroni tries to start them for ever."""
    with open(config_file) as file:
        postgres = yaml.safe_load(file)["postgresql"]
    data, programs = postgres["data_dir"], postgres["bin_dir"]
    release = release_of(data)
    has = os.path.basename(os.path.dirname(programs))
    if not release or not has.isdigit() or os.path.exists(os.path.join(programs_for(data, programs), "postgres")):
        return
    remedy = (
        f"set postgres.upgradeFrom: {release} and follow docs/runbooks/postgres-upgrade.md"
        if int(release) < int(has)
        else f"deploy the release of Trellis again whose image has PostgreSQL {release}, or take the upgrade's way back"
    )
    sys.exit(f"the data in {data} are of PostgreSQL {release}, and this image has only {has}: {remedy}")


# A Patroni that keeps them elsewhere must not start with a clock that was never tested.
if not (
    hasattr(Config, ADJUST)
    and hasattr(patroni.postgresql, POLLING_INTERVAL)
    and hasattr(Etcd3Client, "authenticate")
    and all(hasattr(DnsCachingResolver, method) for method in ("resolve", "resolve_async", "remove"))
    and hasattr(PatroniRequest, "reload_config")
    and hasattr(PatroniRequest, "_get_ctl_value")
    and hasattr(patroni.postgresql.Postgresql, "pgcommand")
    and hasattr(patroni.postgresql.Postgresql, "data_dir")
):
    sys.exit("this release of Patroni lacks the internals that this file replaces: see components/data/postgres/images/member/trellis-patroni.py")
setattr(Config, ADJUST, allow_shorter_ttl(getattr(Config, ADJUST)))
setattr(patroni.postgresql, POLLING_INTERVAL, 0.1)
Etcd3Client.authenticate = demand_authentication(Etcd3Client.authenticate)

DnsCachingResolver.resolve = resolve_in_background(DnsCachingResolver.resolve)
DnsCachingResolver.remove = remove
PatroniRequest.reload_config = verify_server_name(PatroniRequest.reload_config)
patroni.postgresql.Postgresql.pgcommand = serve_by_own_release(patroni.postgresql.Postgresql.pgcommand)

if __name__ == "__main__":
    if os.path.basename(sys.argv[0]) == "patronictl":
        from patroni.ctl import ctl

        sys.exit(ctl(prog_name="patronictl"))
    limit_archive_queue(os.environ)
    if len(sys.argv) > 1 and os.path.isfile(sys.argv[-1]):
        require_programs(sys.argv[-1])
    main()
