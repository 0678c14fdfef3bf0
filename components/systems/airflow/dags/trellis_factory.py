"""Makes the DAGs of one platform from the specification that the program rendered.

Beside this file lie, for each platform, `<platform>.json` and `<platform>.streams.json`, and for each a file that
makes its DAGs: Airflow reports import errors by file, so one platform's damage leaves the others alone, and a
damaged list of streams leaves the daily work, which writes it anew.
"""

from __future__ import annotations

import json
import logging
import os
import urllib.request
from datetime import datetime, timedelta, timezone
from functools import cache, partial
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, TypeVar

from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.providers.standard.operators.python import BranchPythonOperator
from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.sdk import DAG, get_parsing_context
from airflow.sdk.exceptions import AirflowException, AirflowFailException
from croniter import croniter
from kubernetes.client import Configuration
from kubernetes.client import models as k8s
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

log = logging.getLogger(__name__)

START = datetime(2025, 1, 1, tzinfo=timezone.utc)
CONTAINER = "base"
SLACK = "https://slack.com/api/chat.postMessage"

# By default every object of the client makes its own configuration: half the time that a thousand streams take.
SHARED: dict[str, Any] = {"local_vars_configuration": Configuration()}

Text = Annotated[str, Field(min_length=1)]


@cache
def valid_cron(schedule: str) -> bool:
    return croniter.is_valid(schedule)


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class SecretKey(Strict):
    name: Text
    key: Text
    optional: bool = False


class Variable(Strict):
    """A value, or where in a Secret it is."""

    name: Text
    value: str | None = None
    secret: SecretKey | None = None

    @model_validator(mode="after")
    def has_one_origin(self) -> Variable:
        if (self.value is None) == (self.secret is None):
            raise ValueError("needs a value or a secret, not both")
        return self

    def in_kubernetes(self) -> k8s.V1EnvVar:
        if self.secret is None:
            return k8s.V1EnvVar(name=self.name, value=self.value, **SHARED)
        key, optional = self.secret.key, self.secret.optional or None
        reference = k8s.V1SecretKeySelector(name=self.secret.name, key=key, optional=optional, **SHARED)
        source = k8s.V1EnvVarSource(secret_key_ref=reference, **SHARED)
        return k8s.V1EnvVar(name=self.name, value_from=source, **SHARED)


class Quantities(Strict):
    cpu: Text | None = None
    memory: Text | None = None

    def in_kubernetes(self) -> dict[str, str]:
        return self.model_dump(exclude_none=True)


class Resources(Strict):
    requests: Quantities
    limits: Quantities


class Job(Strict):
    """What a DAG runs, and when: `schedule` is a cron expression, or null for a DAG that others trigger."""

    dag: Text
    pod: Text
    schedule: Text | None
    arguments: list[str]
    environment: list[Variable]
    labels: dict[str, str]
    priority: int = Field(ge=1)
    resources: Resources | None = None

    @field_validator("schedule")
    @classmethod
    def is_cron(cls, schedule: str | None) -> str | None:
        if schedule is not None and not valid_cron(schedule):
            raise ValueError(f"{schedule} is not a cron expression")
        return schedule


class Slack(Strict):
    channel: Text


class Platform(Strict):
    """`<platform>.json`. A template is a pod as Kubernetes knows it, whose first container runs the job."""

    version: Literal[2]
    namespace: Text
    pool: Text
    template: dict[str, Any]
    infrastructureTemplate: dict[str, Any]
    slack: Slack | None
    infrastructure: Job


class Streams(Strict):
    """`<platform>.streams.json`: apart, because it follows the model and not the deployment."""

    version: Literal[2]
    ingestion: list[Job]

    @model_validator(mode="after")
    def names_each_dag_once(self) -> Streams:
        seen: set[str] = set()
        for job in self.ingestion:
            if job.dag in seen:
                raise ValueError(f"two streams would create the DAG {job.dag}")
            seen.add(job.dag)
        return self


class SpecificationError(Exception):
    """The specification is damaged, or of another version than this factory; the message names every fault."""


Shape = TypeVar("Shape", bound=Strict)


def read(path: Path, shape: type[Shape]) -> Shape:
    try:
        return shape.model_validate_json(path.read_bytes())
    except OSError as error:
        raise SpecificationError(f"{path.name} cannot be read: {error.strerror}") from None
    except ValidationError as error:
        faults = [f"{'.'.join(map(str, each['loc'])) or 'the file'}: {each['msg']}" for each in error.errors()]
        raise SpecificationError(f"{path.name} is not valid: {'; '.join(faults)}") from None


class Result(NamedTuple):
    """How a job ended: 0 done, 1 more to do at once, -1 an error."""

    code: int
    error: str


def result_of(pod: k8s.V1Pod) -> Result:
    """Reads the termination message, and tells beside it what Kubernetes knows of the pod's end: a job that it stopped at
    its deadline knows of the signal alone."""
    statuses = (pod.status and pod.status.container_statuses) or []
    ended = next((each.state.terminated for each in statuses if each.name == CONTAINER and each.state), None)
    known = [each for each in (pod.status and (pod.status.reason, pod.status.message)) or () if each]
    try:
        told = json.loads((ended and ended.message) or "")
        code = told["code"]
        if type(code) is int and code in (0, 1, -1):
            words = str(told.get("error") or "the job failed without an error message")
            return Result(code, f"{words} ({', '.join(known)})" if known else words)
    except (ValueError, TypeError, KeyError):
        pass
    if ended:
        known += [each for each in (ended.reason, f"exit code {ended.exit_code}") if each]
    reasons = ", ".join(known)
    return Result(-1, f"the job left no result ({reasons or 'its container has not ended'})")


def span_of(context: Any) -> str | None:
    """The span of the task that runs now, as W3C's `traceparent`; of its DAG run, where Airflow records none itself."""
    carrier: dict[str, str] = {}
    TraceContextTextMapPropagator().inject(carrier)
    if "traceparent" not in carrier and context:
        carrier = getattr(context.get("ti"), "context_carrier", None) or {}
    return carrier.get("traceparent")


class JobOperator(KubernetesPodOperator):
    """Runs a job in a pod and believes its termination message: no sidecar, no `pods/exec`, no reading of logs."""

    # Texts of a model repository become arguments and variables. As templates they would run code in Airflow.
    template_fields = ()

    failure: type[AirflowException] = AirflowException

    def build_pod_request_obj(self, context: Any = None, *, dry_run: bool = False) -> k8s.V1Pod:
        """Tells the job which span it belongs to, by the variable that OpenTelemetry uses between processes."""
        pod = super().build_pod_request_obj(context, dry_run=dry_run)
        parent = span_of(context)
        if parent:
            container = next(each for each in pod.spec.containers if each.name == CONTAINER)
            variable = k8s.V1EnvVar(name="TRACEPARENT", value=parent, **SHARED)
            container.env = [*(container.env or []), variable]
        return pod

    def cleanup(
        self,
        pod: k8s.V1Pod,
        remote_pod: k8s.V1Pod,
        xcom_result: dict[str, Any] | None = None,
        context: Any = None,
    ) -> None:
        result = result_of(remote_pod) if remote_pod else None
        try:
            super().cleanup(pod, remote_pod, xcom_result, context)
        except AirflowException as failure:
            if result and result.code == -1:
                raise self.failure(result.error) from None
            raise failure
        if result and not self._killed:
            if result.code == -1:
                raise self.failure(result.error)
            if context:
                context["ti"].xcom_push(key="result", value=result.code)


class StreamOperator(JobOperator):
    """How its job ended is final, for the next run of the schedule continues an open batch. What is tried again is what
    Airflow or Kubernetes lost on the way: a task of a killed process, which finds its pod again, or a pod that vanished."""

    failure = AirflowFailException


class Branch(BranchPythonOperator):
    template_fields = ()


class Trigger(TriggerDagRunOperator):
    template_fields = ()


def after_result(job: str, ti: Any) -> str:
    """Which task follows. A pod that vanished before anybody read its result has left none."""
    code = ti.xcom_pull(task_ids=job, key="result")
    if code == 1:
        return "reschedule_immediately"
    if code == 0:
        return "wait_for_trigger"
    raise AirflowFailException(f"{job} left no result; the next run continues its batch")


def tell_slack(channel: str, context: Any, address: str = SLACK) -> None:
    """Tells of a failed task. What goes wrong here is logged only: it must never change a task's end."""
    token = os.environ.get("TRELLIS_SLACK_TOKEN")
    if not token:
        return
    ti = context["ti"]
    error = str(context.get("exception") or "no error was reported")
    text = f"{ti.dag_id}: {ti.task_id} failed in {context.get('run_id')}\n{error[:2000]}"
    request = urllib.request.Request(
        address,
        data=json.dumps({"channel": channel, "text": text}).encode(),
        headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json; charset=utf-8"},
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as response:
            answer = json.load(response)
        if not answer.get("ok"):
            log.warning("Slack refused the message: %s", answer.get("error"))
    except (OSError, ValueError) as failure:
        log.warning("Slack cannot be reached: %s", failure)


def empty_dag(job: Job, platform: Platform, retries: int, retry_delay: timedelta) -> DAG:
    defaults: dict[str, Any] = {"retries": retries, "retry_delay": retry_delay}
    if platform.slack:
        defaults["on_failure_callback"] = partial(tell_slack, platform.slack.channel)
    return DAG(
        dag_id=job.dag,
        schedule=job.schedule,
        start_date=START,
        catchup=False,
        max_active_runs=1,
        is_paused_upon_creation=False,
        default_args=defaults,
        tags=["trellis", *sorted(set(job.labels.values()))],
    )


def merged(template: dict[str, Any], resources: Resources | None) -> dict[str, Any]:
    """A pod whose job may use what the model says of it, and for the rest what the template says."""
    if resources is None:
        return template
    spec = template["spec"]
    given = spec["containers"][0].get("resources", {})
    wanted = {
        "requests": {**given.get("requests", {}), **resources.requests.in_kubernetes()},
        "limits": {**given.get("limits", {}), **resources.limits.in_kubernetes()},
    }
    first, *others = spec["containers"]
    return {**template, "spec": {**spec, "containers": [{**first, "resources": wanted}, *others]}}


def job_task(
    operator: type[JobOperator], task_id: str, job: Job, platform: Platform, template: dict[str, Any]
) -> JobOperator:
    return operator(
        task_id=task_id,
        name=job.pod,
        namespace=platform.namespace,
        pod_template_dict=merged(template, job.resources),
        base_container_name=CONTAINER,
        arguments=job.arguments,
        env_vars=[variable.in_kubernetes() for variable in job.environment],
        labels=job.labels,
        pool=platform.pool,
        priority_weight=job.priority,
        weight_rule="absolute",
        in_cluster=True,
        kubernetes_conn_id=None,
        deferrable=True,
        do_xcom_push=False,
        on_finish_action="delete_succeeded_pod",
        startup_timeout_seconds=600,  # a new server may have to fetch the image first
        log_pod_spec_on_failure=False,
    )


def ingestion_dag(job: Job, platform: Platform) -> DAG:
    # A job whose pod vanished has ended by then and no longer holds its stream.
    with empty_dag(job, platform, retries=2, retry_delay=timedelta(seconds=30)) as dag:
        work = job_task(StreamOperator, "snapshot_merge_job", job, platform, platform.template)
        check = Branch(
            task_id="check_result", python_callable=after_result, op_kwargs={"job": work.task_id}
        )
        again = Trigger(
            task_id="reschedule_immediately",
            trigger_dag_id=job.dag,
            logical_date=None,  # or two runs of one moment would be taken for one
            conf={"triggered_by": "reschedule"},
        )
        work >> check >> [again, EmptyOperator(task_id="wait_for_trigger")]
    return dag


def infrastructure_dag(job: Job, platform: Platform) -> DAG:
    with empty_dag(job, platform, retries=1, retry_delay=timedelta(minutes=5)) as dag:
        job_task(JobOperator, "infrastructure_merge_task", job, platform, platform.infrastructureTemplate)
    return dag


def infrastructure_dags(platform_name: str, folder: Path | None = None) -> dict[str, DAG]:
    """The DAG of a platform's daily work, by its id."""
    platform = read((folder or Path(__file__).parent) / f"{platform_name}.json", Platform)
    job = platform.infrastructure
    return {job.dag: infrastructure_dag(job, platform)}


def ingestion_dags(platform_name: str, folder: Path | None = None) -> dict[str, DAG]:
    """The DAGs of a platform's streams by their ids. To run a task, Airflow reads the file again: then its DAG alone is
    made."""
    here = folder or Path(__file__).parent
    try:
        platform = read(here / f"{platform_name}.json", Platform)
    except SpecificationError:
        return {}  # the file of the daily work reads it too, and tells of it: one damage, one error
    streams = read(here / f"{platform_name}.streams.json", Streams)
    wanted = get_parsing_context().dag_id
    return {job.dag: ingestion_dag(job, platform) for job in streams.ingestion if wanted in (None, job.dag)}
