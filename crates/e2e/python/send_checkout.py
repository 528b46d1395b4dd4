"""A small shop with Sentry's own SDK: a transaction with a child, an error and a log inside the child, and an error after all of it.

usage: send_checkout.py (dsn DSN | spotlight URL)
Prints the ids that the test looks for.
"""

import json
import sys

import sentry_sdk
import sentry_sdk.logger

way, address = sys.argv[1:]
options = {"dsn": address} if way == "dsn" else {"spotlight": address}
sentry_sdk.init(
    **options,
    traces_sample_rate=1.0,
    enable_logs=True,
    environment="test",
    default_integrations=False,
    auto_enabling_integrations=False,
)


def charge(amount):
    raise ValueError(f"card declined for {amount}")


with sentry_sdk.start_transaction(op="http.server", name="POST /checkout") as root:
    with sentry_sdk.start_span(op="queue.publish", name="publish order") as child:
        sentry_sdk.add_breadcrumb(category="basket", message="three items in the basket", level="info")
        sentry_sdk.set_tag("payment", "card")
        sentry_sdk.logger.warning("stock is low", attributes={"warehouse": "north"})
        try:
            charge(42)
        except ValueError as error:
            event = sentry_sdk.capture_exception(error)
        ids = {"trace_id": root.trace_id, "root": root.span_id, "child": child.span_id, "event": event}

try:
    {}["basket"]
except KeyError as error:
    ids["alone"] = sentry_sdk.capture_exception(error)

sentry_sdk.flush(timeout=20)
print(json.dumps(ids))
