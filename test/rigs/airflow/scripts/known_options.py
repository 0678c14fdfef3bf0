"""Prints, of the variables named, those that Airflow and its providers know no option for, as JSON."""

from __future__ import annotations

import json
import sys

from airflow.configuration import conf

known = {
    f"AIRFLOW__{section}__{option}".upper().replace(".", "_")
    for section, options in conf.configuration_description.items()
    for option in options["options"]
}
print()
print(json.dumps([name for name in sys.argv[2:] if name not in known]))
