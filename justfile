# The recipes that people and CI share; every check is a stage of .ci/run.

# Formatting, lints and tests, without Kafka.
check:
    .ci/run fmt quick
    cargo clippy --workspace --all-targets -- -D warnings

# Everything that CI runs.
ci:
    .ci/run

# Licences, bans and sources.
deny:
    .ci/run deny

# Rewrites the generated files.
generate:
    UPDATE=1 cargo test -p scorewheel-tests --test repository

# Records scored while models replace one another, for half a minute.
demo:
    cargo run --release -- demo --duration 30s

# A stripped binary with TLS, completions, manual, notices and unit in a tarball with its checksum: fat LTO, takes its time.
dist:
    deploy/tarball

# The behaviour suite and the runs of several processes on a Kafka that is started for it.
kafka:
    .ci/run kafka

# The tables of bench/RESULTS.md, measured anew.
bench:
    bench/run

# Seeded mixtures of crashes, rebalances and faults for as long as one has patience: in one process by thousands, then as
# processes on one broker, then on three of which one that leads partitions is killed under load.
soak seeds="200" processes="10":
    SOAK_SEEDS={{seeds}} cargo test --release -p scorewheel-streams --test chaos -- --nocapture
    SOAK_SEEDS={{processes}} .ci/run soak

# The suite over the embedded engine, ONNX Runtime and TensorFlow; their libraries come from PyPI.
runtimes:
    .ci/run runtimes

# A fuzz target for so many minutes, with coverage; docs/fuzzing.md lists what was seen.
fuzz target minutes="10":
    fuzz/run {{target}} {{minutes}}
