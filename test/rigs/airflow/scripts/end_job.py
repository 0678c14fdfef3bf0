"""Lets the factory's task meet ended pods, one after another, and prints what came of each as JSON.

The Kubernetes API is a stand-in that knows one pod at a time; operator, hook calls and client are the real ones. Of Airflow's
task runner only the context is missing, for which stands a task instance that remembers what was pushed.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from airflow.sdk.exceptions import AirflowException, AirflowFailException
from kubernetes.client import ApiClient, Configuration, CoreV1Api

from trellis_factory import after_result, ingestion_dags, tell_slack

folder, cases = Path(sys.argv[1]), json.loads(sys.argv[2])
requests: list[str] = []
posted: list[Any] = []
pod: dict[str, Any] = {}


def ended_pod(given: dict[str, Any]) -> dict[str, Any]:
    ended = {"exitCode": given["exitCode"], "reason": given.get("reason"), "message": given.get("message")}
    container = {"name": "base", "image": "jobs", "imageID": "", "ready": False, "restartCount": 0}
    return {
        "metadata": {"name": "pod-1", "namespace": "datasurface", "labels": {}, "annotations": {}},
        "spec": {"containers": [{"name": "base"}]},
        "status": {
            "phase": "Succeeded" if given["exitCode"] == 0 else "Failed",
            "reason": given.get("podReason"),
            "containerStatuses": [{**container, "state": {"terminated": ended}}],
        },
    }


class StandIn(BaseHTTPRequestHandler):
    def answer(self, body: Any, kind: str = "application/json") -> None:
        text = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def note(self) -> bytes:
        if self.command in ("PATCH", "DELETE"):
            requests.append(f"{self.command} {self.path.split('?')[0].rsplit('/', 2)[-2]}")
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def do_GET(self) -> None:
        self.note()
        if pod["metadata"]["name"] not in self.path:
            self.send_error(404)
        elif "/log" in self.path:
            self.answer(b"", "text/plain")
        else:
            self.answer(pod)

    def do_PATCH(self) -> None:
        self.note()
        self.answer(pod)

    do_DELETE = do_PATCH

    def do_POST(self) -> None:
        posted.append({"token": self.headers["Authorization"], **json.loads(self.note())})
        self.answer({"ok": True})

    def log_message(self, *_: Any) -> None:
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), StandIn)
threading.Thread(target=server.serve_forever, daemon=True).start()
address = f"http://127.0.0.1:{server.server_port}"
client = CoreV1Api(ApiClient(Configuration(host=address)))

dag = ingestion_dags("yellowlive", folder)["yellowlive__Store1_ingestion"]
task: Any = dag.get_task("snapshot_merge_job")
task.client = client
task.hook = SimpleNamespace(get_pod=client.read_namespaced_pod)


def outcome(given: dict[str, Any]) -> dict[str, Any]:
    pod.update(ended_pod(given))
    requests.clear()
    posted.clear()
    os.environ["TRELLIS_SLACK_TOKEN"] = given.get("slackToken", "")
    pushed: dict[str, Any] = {}
    ti = SimpleNamespace(
        dag_id=dag.dag_id,
        task_id=task.task_id,
        xcom_push=lambda key, value: pushed.update({key: value}),
        xcom_pull=lambda task_ids, key: pushed.get(key),
    )
    context = {"ti": ti, "run_id": "run-1"}
    error = None
    final = None
    event = {"name": given.get("pod", "pod-1"), "namespace": "datasurface", "message": "Container ended"}
    event["status"] = "success" if given["exitCode"] == 0 else "failed"
    try:
        task.trigger_reentry(context, event)
    except AirflowException as failure:
        error = str(failure)
        final = isinstance(failure, AirflowFailException)
        tell_slack("#data", {**context, "exception": failure}, f"{address}/api/chat.postMessage")
    try:
        follows = after_result(task.task_id, ti)
    except AirflowException as failure:
        follows = f"fails: {failure}"
    return {
        "error": error,
        "final": final,
        "follows": follows,
        "requests": sorted(set(requests)),
        "slack": list(posted),
    }


outcomes = {name: outcome(given) for name, given in cases.items()}
server.shutdown()
print()
print(json.dumps(outcomes))
