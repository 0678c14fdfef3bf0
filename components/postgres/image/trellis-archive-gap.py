"""Archives what a leader that died had not yet archived.

A replica takes every segment of the log that it receives for archived, since its leader does that. When the leader is lost
with its disk, segments that it had finished and not yet uploaded are on the replicas alone; no recovery would get past the
gap until the next backup. So a member that begins to lead looks up which of its segments the archive lacks, and marks them
as to be archived.

Called by Patroni: trellis-archive-gap.py <pgbackrest command...> <data folder> <action> <role> <cluster>
"""

import json
import os
import re
import subprocess
import sys
import time

SEGMENT = re.compile(r"^[0-9A-F]{24}$")
PAUSE_SECONDS = 5
PATIENCE_SECONDS = 3600


class Unknown(Exception):
    """There is nothing to compare with."""


def listed(pgbackrest, path):
    """The names in a folder of the repository."""
    answer = subprocess.run(
        [*pgbackrest, "--output=json", "--log-level-console=off", "--log-level-stderr=error", "repo-ls", path],
        check=True,
        stdout=subprocess.PIPE,
    )
    return list(json.loads(answer.stdout))


def received(status_folder, log_folder):
    """The segments that this member holds whole and takes for archived."""
    names = (name[: -len(".done")] for name in os.listdir(status_folder) if name.endswith(".done"))
    return sorted(name for name in names if SEGMENT.match(name) and os.path.exists(os.path.join(log_folder, name)))


def close_gap(pgbackrest, data):
    log_folder = os.path.join(data, "pg_wal")
    status_folder = os.path.join(log_folder, "archive_status")
    stanza = next(word.split("=", 1)[1] for word in pgbackrest if word.startswith("--stanza="))
    root = "archive/" + stanza
    generations = [name for name in listed(pgbackrest, root) if re.match(r"^[0-9.]+-[0-9]+$", name)]
    if not generations:
        raise Unknown("the archive does not know this cluster yet: the first base backup makes it known")
    newest = max(generations, key=lambda name: int(name.rsplit("-", 1)[1]))
    archived = {}
    missing = []
    for segment in received(status_folder, log_folder):
        folder = segment[:16]
        if folder not in archived:
            names = listed(pgbackrest, "/".join((root, newest, folder)))
            archived[folder] = {name[:24] for name in names if not name[24:].startswith(".partial")}
        if segment not in archived[folder]:
            missing.append(segment)
    for segment in missing:
        mark = os.path.join(status_folder, segment)
        os.rename(mark + ".done", mark + ".ready")
    return missing


def main():
    *pgbackrest, data, _action, role, _cluster = sys.argv[1:]
    if role not in ("primary", "master"):
        return
    deadline = time.monotonic() + PATIENCE_SECONDS
    said = None
    while True:
        try:
            missing = close_gap(pgbackrest, data)
            print(json.dumps({"message": "segments of the former leader to archive", "segments": missing}), flush=True)
            return
        except Unknown as error:
            # There is no backup that a gap could cut off from its log.
            print(json.dumps({"message": str(error)}), flush=True)
            return
        except (subprocess.CalledProcessError, OSError, ValueError, StopIteration) as error:
            if str(error) != said:  # once each, however long the store is away
                said = str(error)
                print(json.dumps({"message": "the archive cannot be compared yet", "error": said}), flush=True)
            if time.monotonic() > deadline:
                sys.exit(1)
            time.sleep(PAUSE_SECONDS)


if __name__ == "__main__":
    main()
