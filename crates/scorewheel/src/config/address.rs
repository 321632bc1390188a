//! Whether a text can be an address; whether anybody is there is seen when it is used.

use ureq::http::Uri;

/// Whether a text is the URL of an instance, and why not.
///
/// # Errors
/// What is wrong with it, and what to write.
pub fn check_url(text: &str) -> Result<(), String> {
    let wanted = "write the URL of an instance, such as http://127.0.0.1:8888";
    let url: Uri = text.parse().map_err(|error| format!("{text:?} is no URL ({error}); {wanted}"))?;
    match (url.scheme_str(), url.host()) {
        (Some("http"), Some(host)) if !host.is_empty() => Ok(()),
        (Some(scheme), Some(_)) if scheme != "http" => {
            Err(format!("{text:?} is of the scheme {scheme}, instances answer http; {wanted}"))
        }
        _ => Err(format!("{text:?} is no URL; {wanted}")),
    }
}

/// Whether a text is an address to listen at.
#[must_use]
pub fn is_host_and_port(text: &str) -> bool {
    let parts = text.rsplit_once(':');
    parts.is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok())
}
