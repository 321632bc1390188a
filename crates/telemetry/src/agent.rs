//! The HTTP client of every way out.

use std::time::Duration;

use ureq::Agent;
#[cfg(feature = "tls")]
use ureq::tls::{RootCerts, TlsConfig, TlsProvider};

/// A client whose requests take no longer than this, go where the operator said and nowhere else (no redirects, no proxy
/// of the environment), and give every status as an answer. `https` is checked against the system's certificates.
pub(crate) fn agent(timeout: Duration) -> Agent {
    let config = Agent::config_builder()
        .timeout_global(Some(timeout))
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .proxy(None);
    #[cfg(feature = "tls")]
    let config = config.tls_config(
        TlsConfig::builder().provider(TlsProvider::NativeTls).root_certs(RootCerts::PlatformVerifier).build(),
    );
    config.build().into()
}
