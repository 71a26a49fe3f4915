#!/bin/sh
# Limits of the stage queues, run inside the broker's container once it is up; `common.messaging.rabbit_topology` says why.
set -eu
rabbitmqctl -q await_startup --timeout 120
rabbitmqctl -q set_policy --apply-to queues --priority 10 posthorn-stages \
    '^posthorn\.(extractor\.runs|extractor\.pages|extractor\.windows|extractor\.archived|normalizer\.postings|normalizer\.sweeps|enricher\.postings|gateway\.duplicates|normalizer\.looks|ranker\.postings|gateway\.jobs|normalizer\.withheld|ranker\.campaigns|gateway\.ledger|notifier\.runs|notifier\.alarms|extractor\.control|normalizer\.control|enricher\.control|ranker\.control|notifier\.control|gateway\.control|extractor\.companies|normalizer\.companies|ranker\.companies|gateway\.companies)$' \
    '{"delivery-limit": 20, "dead-letter-strategy": "at-least-once", "overflow": "reject-publish", "max-length-bytes": 2147483648}'
