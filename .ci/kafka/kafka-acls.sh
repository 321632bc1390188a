#!/usr/bin/env bash
# kafka-acls.sh, as Kafka's distribution has it, out of the jars that `up` fetches.
set -euo pipefail
libs=${KAFKA_LIBS:-${XDG_CACHE_HOME:-$HOME/.cache}/scorewheel-kafka-4.3.1}
exec java -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -cp "$libs/*" org.apache.kafka.tools.AclCommand "$@"
