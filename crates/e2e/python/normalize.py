"""Runs Sentry's own normalizer over transactions and events, one JSON document per line, and prints what it found wrong.

Prints one line for each error in `_meta`, and at the end how many documents were read.
"""

import json
import sys

from sentry_relay.processing import StoreNormalizer


def errors(meta, path=""):
    if not isinstance(meta, dict):
        return
    for name, value in meta.items():
        if name == "":
            for error in value.get("err", []):
                yield f"{path}: {error}"
        else:
            yield from errors(value, f"{path}.{name}")


documents = 0
for line in sys.stdin:
    if not line.strip():
        continue
    documents += 1
    normalizer = StoreNormalizer(project_id=1, protocol_version="7", is_renormalize=False)
    try:
        normalized = normalizer.normalize_event(raw_event=line)
    except Exception as error:
        print(f"document {documents}: {str(error).splitlines()[0]}")
        continue
    for error in errors(normalized.get("_meta", {})):
        print(f"document {documents}{error}")
print(f"{documents} documents")
