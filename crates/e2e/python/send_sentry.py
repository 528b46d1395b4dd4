"""Sends a transaction and an error by Sentry's own SDK, and prints the ids of its spans.

usage: send_sentry.py DSN
"""

import json
import sys

import sentry_sdk

sentry_sdk.init(dsn=sys.argv[1], traces_sample_rate=1.0, default_integrations=False, auto_enabling_integrations=False)
with sentry_sdk.start_transaction(op="http.server", name="GET /") as transaction:
    with transaction.start_child(op="db", name="SELECT 1") as child:
        ids = {"trace_id": transaction.trace_id, "span_ids": [transaction.span_id, child.span_id]}
sentry_sdk.capture_message("something happened")
sentry_sdk.flush(timeout=20)
print(json.dumps(ids))
