"""Reads a DAG folder as Airflow's dag-processor does, and prints what it found as JSON."""

from __future__ import annotations

import json
import sys
import time
import warnings
from pathlib import Path
from typing import Any

from airflow.dag_processing.dagbag import BundleDagBag
from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator
from kubernetes.client import ApiClient

folder = Path(sys.argv[1])
to_json = ApiClient().sanitize_for_serialization


def described(task: Any) -> dict[str, Any]:
    told = {
        "type": type(task).__name__,
        "downstream": sorted(task.downstream_task_ids),
        "retries": task.retries,
        "priority": task.priority_weight,
        "tellsSlack": bool(task.on_failure_callback),
    }
    if isinstance(task, KubernetesPodOperator):
        told["deferrable"] = task.deferrable
        told["pool"] = task.pool
        told["onFinish"] = task.on_finish_action.value
        told["typedEnvironment"] = all(type(each).__name__ == "V1EnvVar" for each in task.env_vars)
        told["pod"] = to_json(task.build_pod_request_obj(dry_run=True))
    return told


warnings.simplefilter("always")  # Airflow keeps what each file warns of, as far as Python shows it at all
begin = time.process_time()
bag = BundleDagBag(dag_folder=folder, bundle_path=folder, bundle_name="dags")
seconds = time.process_time() - begin

brief = "--brief" in sys.argv
print(
    json.dumps(
        {
            "seconds": seconds,
            "files": {each.file.lstrip("/"): each.duration.total_seconds() for each in bag.dagbag_stats},
            "importErrors": {Path(path).name: error for path, error in bag.import_errors.items()},
            "warnings": [str(each) for captured in bag.captured_warnings.values() for each in captured],
            "dags": {
                name: None
                if brief
                else {
                    "schedule": dag.schedule,
                    "catchup": dag.catchup,
                    "maxActiveRuns": dag.max_active_runs,
                    "pausedAtFirst": dag.is_paused_upon_creation,
                    "tasks": {task.task_id: described(task) for task in dag.tasks},
                }
                for name, dag in bag.dags.items()
            },
        }
    )
)
