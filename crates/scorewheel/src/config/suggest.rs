//! "Did you mean".

/// The candidate that `text` was probably meant to be.
#[must_use]
pub fn closest<'a>(text: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let scored = candidates.into_iter().map(|candidate| {
        // A name alone, without its section, counts as well.
        let name = candidate.rsplit('.').next().unwrap_or(candidate);
        let own = text.rsplit('.').next().unwrap_or(text);
        let whole = strsim::jaro_winkler(text, candidate);
        let last = if own.len() > 3 { 0.95 * strsim::jaro_winkler(own, name) } else { 0.0 };
        (whole.max(last), candidate)
    });
    let best = scored.max_by(|(left, _), (right, _)| left.total_cmp(right))?;
    (best.0 > 0.85).then_some(best.1)
}

/// `did you mean …?`, if something comes close.
#[must_use]
pub fn did_you_mean<'a>(text: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<String> {
    closest(text, candidates).map(|candidate| format!("did you mean `{candidate}`?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_close() {
        let keys = ["kafka.brokers", "kafka.group", "topics.records", "topics.results", "http.listen"];
        for (text, expected) in [
            ("kafka.broker", Some("kafka.brokers")),
            ("kafka.bootstrap", Some("kafka.brokers")),
            ("brokers", Some("kafka.brokers")),
            ("topic.records", Some("topics.records")),
            ("http.lisen", Some("http.listen")),
            ("colour", None),
            ("engine.wheels", None),
        ] {
            assert_eq!(closest(text, keys), expected, "{text}");
        }
    }
}
