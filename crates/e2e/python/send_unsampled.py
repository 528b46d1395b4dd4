"""An error in a transaction that Sentry's own SDK does not sample: the error is sent, the transaction is not.

usage: send_unsampled.py DSN
Prints the ids of the transaction.
"""

import json
import sys

import sentry_sdk

sentry_sdk.init(dsn=sys.argv[1], traces_sample_rate=0.0, default_integrations=False, auto_enabling_integrations=False)
with sentry_sdk.start_transaction(op="http.server", name="POST /checkout") as root:
    sentry_sdk.capture_exception(ValueError("declined"))
    print(json.dumps({"trace_id": root.trace_id, "span_id": root.span_id}))
sentry_sdk.flush(timeout=20)
