"""Renders every task's templates by Airflow's own renderer, and prints what the job's pod would be given, as JSON."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from airflow.dag_processing.dagbag import BundleDagBag
from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator
from airflow.sdk import macros
from kubernetes.client import ApiClient
from opentelemetry import trace
from opentelemetry.context import Context, attach, detach

folder = Path(sys.argv[1])
to_json = ApiClient().sanitize_for_serialization


DAG_RUN = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"
SPAN = trace.SpanContext(0x0AF7651916CD43DD8448EB211C80319C, 0xA2FB4A1D1A96D312, True, trace.TraceFlags(1))


def parent_of(task: Any, span: Any, carrier: dict[str, str]) -> str | None:
    """The span that a job is told of, where Airflow records its task, and where it does not."""
    surrounding = trace.set_span_in_context(trace.NonRecordingSpan(span)) if span else Context()
    token = attach(surrounding)
    try:
        ti = SimpleNamespace(context_carrier=carrier, dag_id="d", task_id="t", run_id="r", try_number=1, map_index=-1)
        pod = task.build_pod_request_obj({"ti": ti, "run_id": "r", "dag": task.dag, "task": task}, dry_run=True)
    finally:
        detach(token)
    told = [each.value for each in pod.spec.containers[0].env if each.name == "TRACEPARENT"]
    return told[0] if len(told) == 1 else None


def rendered(task: Any) -> dict[str, Any]:
    context = {"macros": macros, "task": task, "dag": task.dag, "params": {}}
    task.render_template_fields(context, task.dag.get_template_env())
    told: dict[str, Any] = {"fields": list(task.template_fields)}
    if isinstance(task, KubernetesPodOperator):
        told["pod"] = to_json(task.build_pod_request_obj(dry_run=True))
        told["traced"] = {
            "by its task": parent_of(task, SPAN, {}),
            "by its DAG run": parent_of(task, None, {"traceparent": DAG_RUN}),
        }
    return told


bag = BundleDagBag(dag_folder=folder, bundle_path=folder, bundle_name="dags")
dags = {name: {task.task_id: rendered(task) for task in dag.tasks} for name, dag in bag.dags.items()}
errors = {Path(path).name: error for path, error in bag.import_errors.items()}
print(json.dumps({"importErrors": errors, "dags": dags}))
