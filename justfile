# The recipes that people and CI share; every check is a stage of .ci/run.

# Formatting, lints and tests, without Kafka.
check:
    .ci/run fmt clippy quick

# Everything that CI runs.
ci:
    .ci/run

# Licences, bans and sources.
deny:
    .ci/run deny

# Rewrites the generated files.
generate:
    UPDATE=1 cargo test -p scorewheel-tests --test repository
