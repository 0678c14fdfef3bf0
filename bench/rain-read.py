"""Run by bench/rain.ts: reads one workbook with openpyxl and prints seconds and peak memory as JSON."""
import json
import resource
import sys
import time

import openpyxl

path, streaming = sys.argv[1], sys.argv[2] == "streaming"
started = time.monotonic()
book = openpyxl.load_workbook(path, read_only=streaming, data_only=True)
cells = sum(len(row) for sheet in book.worksheets for row in sheet.iter_rows(values_only=True))
seconds = time.monotonic() - started
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps({"seconds": seconds, "cells": cells, "peakMiB": peak}))
