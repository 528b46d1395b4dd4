"""A span in a span with Logfire's own SDK, which reports both while they run. They end with the standard input.

usage: send_logfire.py ENDPOINT
"""

import sys

import logfire

logfire.configure(
    token="none",
    service_name="radio",
    console=False,
    inspect_arguments=False,
    advanced=logfire.AdvancedOptions(base_url=sys.argv[1]),
)
with logfire.span("broadcast"):
    with logfire.span("play record"):
        sys.stdin.read()
logfire.force_flush()
