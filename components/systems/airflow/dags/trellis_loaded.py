"""Loads what tasks need of Airflow, for the process from which the scheduler's workers are forked.

Left to itself, each task loads it anew, in seconds of a processor.
"""

import gc

import airflow.providers.amazon.aws.log.s3_task_handler
import airflow.providers.cncf.kubernetes.operators.pod
import airflow.providers.standard.operators.empty
import airflow.providers.standard.operators.python
import airflow.providers.standard.operators.trigger_dagrun
import airflow.sdk.execution_time.supervisor
import airflow.sdk.execution_time.task_runner

gc.freeze()  # or each worker copies it all when it first collects garbage
