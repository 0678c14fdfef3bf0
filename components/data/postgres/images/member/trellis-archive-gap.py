"""Archives what a leader that died had not yet archived.

A replica takes every segment of the log that it receives for archived, since its leader does that. When the leader is lost
with its disk, segments that it had finished and not yet uploaded are on the replicas alone; no recovery would get past the
gap until the next backup. So a member that begins to lead looks up which of its segments the archive lacks, and marks them
as to be archived.

The last of them may bear no mark at all: where the leader died between two segments, the replica never began the next one,
and had not yet marked the one before. PostgreSQL would find it at some later checkpoint.

Called by Patroni: trellis-archive-gap.py <pgbackrest command...> <data folder> <action> <role> <cluster>
"""

import json
import os
import re
import struct
import subprocess
import sys
import time

SEGMENT = re.compile(r"^[0-9A-F]{24}$")
HISTORY = re.compile(r"^[0-9A-F]{8}\.history$")
IN_PRODUCTION = 6
PAUSE_SECONDS = 5
PATIENCE_SECONDS = 3600


class Unknown(Exception):
    """There is nothing to compare with."""


def require_promoted(data):
    """Patroni calls when it begins to promote; where the former timeline ended is known when that is done. The server's
    control file tells it, as pg_ctl reads it: after three numbers the state."""
    with open(os.path.join(data, "global", "pg_control"), "rb") as control:
        (state,) = struct.unpack_from("=i", control.read(20), 16)
    if state != IN_PRODUCTION:
        raise OSError("the server is still in recovery")


def listed(pgbackrest, path):
    """The names in a folder of the repository."""
    answer = subprocess.run(
        [*pgbackrest, "--output=json", "--log-level-console=off", "--log-level-stderr=error", "repo-ls", path],
        check=True,
        stdout=subprocess.PIPE,
    )
    return list(json.loads(answer.stdout))


def ends_of_timelines(log_folder):
    """Where each timeline before the present one ended, as a place in the log."""
    histories = sorted(name for name in os.listdir(log_folder) if HISTORY.match(name))
    ends = {}
    if histories:
        with open(os.path.join(log_folder, histories[-1]), encoding="utf-8") as history:
            for line in history:
                found = re.match(r"\s*(\d+)\s+([0-9A-F]+)/([0-9A-F]+)", line)
                if found:
                    ends[int(found[1])] = (int(found[2], 16) << 32) + int(found[3], 16)
    return ends


def received(status_folder, log_folder):
    """The segments that this member holds whole and has not itself to archive: marked as done, or not at all."""
    marks = set(os.listdir(status_folder))
    ends = ends_of_timelines(log_folder)
    names = []
    for name in os.listdir(log_folder):
        if not SEGMENT.match(name) or name + ".ready" in marks:
            continue
        size = os.path.getsize(os.path.join(log_folder, name))
        after = (int(name[8:16], 16) << 32) + (int(name[16:], 16) + 1) * size
        if name + ".done" in marks or after <= ends.get(int(name[:8], 16), 0):
            names.append(name)
    return sorted(names)


def mark_as_to_be_archived(mark):
    """As PostgreSQL itself does it; another may have been quicker."""
    try:
        os.rename(mark + ".done", mark + ".ready")
    except FileNotFoundError:
        with open(mark + ".ready", "a", encoding="utf-8"):
            pass


def close_gap(pgbackrest, data):
    require_promoted(data)
    log_folder = os.path.join(data, "pg_wal")
    status_folder = os.path.join(log_folder, "archive_status")
    stanza = next(word.split("=", 1)[1] for word in pgbackrest if word.startswith("--stanza="))
    root = "archive/" + stanza
    generations = [name for name in listed(pgbackrest, root) if re.match(r"^[0-9.]+-[0-9]+$", name)]
    if not generations:
        raise Unknown("the archive has no entry for this cluster yet: the first base backup creates it")
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
        mark_as_to_be_archived(os.path.join(status_folder, segment))
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
            # Without a backup, a gap in the log costs nothing.
            print(json.dumps({"message": str(error)}), flush=True)
            return
        except (subprocess.CalledProcessError, OSError, ValueError, StopIteration, struct.error) as error:
            if str(error) != said:  # once each, however long the store is away
                said = str(error)
                print(json.dumps({"message": "the archive cannot be compared yet", "error": said}), flush=True)
            if time.monotonic() > deadline:
                sys.exit(1)
            time.sleep(PAUSE_SECONDS)


if __name__ == "__main__":
    main()
