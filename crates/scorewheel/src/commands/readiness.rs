//! `status --ready`: whether an instance scores, asked of itself alone; what health checks run.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use scorewheel_http::snapshot::Readiness;

use crate::config::Loaded;
use crate::exit_code::{ExitCode, Failure};
use crate::output;

/// Longest time that the answer may take; who runs the check gives up later.
pub const WITHIN: Duration = Duration::from_secs(3);

/// Asks the instance at `url`, or the one that this configuration runs on this machine, and says what it answers.
///
/// [`ExitCode::Success`] if it is ready, [`ExitCode::RunTime`] if it says that it is not.
///
/// # Errors
/// [`ExitCode::Unreachable`] if nothing answers in time, or something else than an instance does.
pub fn check(loaded: &Loaded, url: Option<String>, json: bool) -> Result<ExitCode, Failure> {
    let url = match url {
        Some(url) => url.trim_end_matches('/').to_owned(),
        None => own_url(&loaded.config.listen())?,
    };
    let readiness = ask(&url)?;
    let text = match json {
        true => format!("{}\n", serde_json::json!(readiness)),
        false => for_people(&url, &readiness),
    };
    output::print(&text)?;
    Ok(if readiness.ready { ExitCode::Success } else { ExitCode::RunTime })
}

/// Where the listener is reached from its own machine.
fn own_url(listen: &str) -> Result<String, Failure> {
    let Ok(address) = listen.parse::<SocketAddr>() else { return Ok(format!("http://{listen}")) };
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    match address.port() {
        0 => Err(Failure::new(
            ExitCode::Configuration,
            "`http.listen` leaves the port to the system, so the instance cannot be found; name it with --url",
        )),
        port => Ok(format!("http://{}", SocketAddr::new(ip, port))),
    }
}

fn ask(url: &str) -> Result<Readiness, Failure> {
    let failed = |what: &dyn std::fmt::Display| {
        Failure::new(ExitCode::Unreachable, format!("the instance at {url} does not answer: {what}"))
    };
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .timeout_global(Some(WITHIN))
        .http_status_as_error(false)
        .max_redirects(0)
        .proxy(None)
        .build()
        .into();
    let mut answer = agent.get(format!("{url}/readyz")).call().map_err(|error| failed(&error))?;
    let text = answer.body_mut().read_to_string().map_err(|error| failed(&error))?;
    serde_json::from_str(&text).map_err(|_| {
        failed(&format!("status {} and no readiness, so something else listens there", answer.status()))
    })
}

fn for_people(url: &str, readiness: &Readiness) -> String {
    let mut said = format!("instance at {url}: {}\n", if readiness.ready { "ready" } else { "not ready" });
    for reason in &readiness.reasons {
        said.push_str(&format!("  {reason}\n"));
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listener_on_all_addresses_is_asked_on_this_machine() {
        for (listen, url) in [
            ("0.0.0.0:8888", "http://127.0.0.1:8888"),
            ("[::]:8888", "http://[::1]:8888"),
            ("10.1.2.3:80", "http://10.1.2.3:80"),
            ("localhost:5500", "http://localhost:5500"),
        ] {
            assert_eq!(own_url(listen).unwrap(), url);
        }
        assert_eq!(own_url("127.0.0.1:0").unwrap_err().code, ExitCode::Configuration);
    }
}
