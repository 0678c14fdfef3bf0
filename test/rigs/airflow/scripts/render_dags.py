"""Renders every task's templates by Airflow's own renderer, and prints what the job's pod would be given, as JSON."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from airflow.dag_processing.dagbag import BundleDagBag
from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator
from airflow.sdk import macros
from kubernetes.client import ApiClient

folder = Path(sys.argv[1])
to_json = ApiClient().sanitize_for_serialization


def rendered(task: Any) -> dict[str, Any]:
    context = {"macros": macros, "task": task, "dag": task.dag, "params": {}}
    task.render_template_fields(context, task.dag.get_template_env())
    told: dict[str, Any] = {"fields": list(task.template_fields)}
    if isinstance(task, KubernetesPodOperator):
        told["pod"] = to_json(task.build_pod_request_obj(dry_run=True))
    return told


bag = BundleDagBag(dag_folder=folder, bundle_path=folder, bundle_name="dags")
dags = {name: {task.task_id: rendered(task) for task in dag.tasks} for name, dag in bag.dags.items()}
errors = {Path(path).name: error for path, error in bag.import_errors.items()}
print(json.dumps({"importErrors": errors, "dags": dags}))
