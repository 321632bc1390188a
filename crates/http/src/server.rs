//! Listening, serving, stopping.

use std::future::IntoFuture;
use std::io;
use std::net::{SocketAddr, TcpListener, ToSocketAddrs};
use std::pin::pin;

use tokio::sync::watch;

use crate::routes::{Application, router};

/// A listener that is bound, so that a port in use is known before anything else starts.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
}

/// Why the listener cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// The text is not `HOST:PORT`, or the host does not resolve.
    #[error("`{listen}` is no address to listen on: {source}; write HOST:PORT, such as 127.0.0.1:8888")]
    Address {
        /// What was asked for.
        listen: String,
        /// What the system said.
        source: io::Error,
    },
    /// Another process listens there.
    #[error("port {} of {} is in use; stop what listens there, or choose another with --listen (0 picks a free one)", .0.port(), .0.ip())]
    InUse(SocketAddr),
    /// Something else.
    #[error("cannot listen on {address}: {source}")]
    Other {
        /// Where.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
}

impl Server {
    /// Binds `HOST:PORT`; port 0 picks a free one.
    ///
    /// # Errors
    /// [`BindError`].
    pub fn bind(listen: &str) -> Result<Self, BindError> {
        let bad = |source| BindError::Address { listen: listen.to_owned(), source };
        let nothing = || io::Error::new(io::ErrorKind::NotFound, "it resolves to nothing");
        let address = listen.to_socket_addrs().map_err(bad)?.next().ok_or_else(nothing).map_err(bad)?;
        let other = |source| BindError::Other { address, source };
        let listener = TcpListener::bind(address).map_err(|error| match error.kind() {
            io::ErrorKind::AddrInUse => BindError::InUse(address),
            _ => other(error),
        })?;
        listener.set_nonblocking(true).map_err(other)?;
        let address = listener.local_addr().map_err(other)?;
        Ok(Self { listener, address })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// True if only this machine can reach it.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        self.address.ip().is_loopback()
    }

    /// The URL to give to people.
    #[must_use]
    pub fn url(&self) -> String {
        let ip = self.address.ip();
        match ip {
            ip if ip.is_unspecified() => format!("http://localhost:{}", self.address.port()),
            std::net::IpAddr::V6(ip) => format!("http://[{ip}]:{}", self.address.port()),
            std::net::IpAddr::V4(ip) => format!("http://{ip}:{}", self.address.port()),
        }
    }

    /// Serves until `application.stopping` becomes true and the requests under way have ended. The run time needs its timer.
    ///
    /// # Errors
    /// Those of accepting connections.
    pub async fn serve(self, application: Application) -> io::Result<()> {
        let mut stopping: watch::Receiver<bool> = application.stopping.clone();
        let listener = tokio::net::TcpListener::from_std(self.listener)?;
        let stops = application.stopping.clone();
        let (router, hub) = router(application);
        let serve = axum::serve(listener, router).with_graceful_shutdown(async move {
            // An error means that nobody is left to say stop, which is a reason to stop.
            let _ = stopping.wait_for(|stopping| *stopping).await;
        });
        let mut serve = pin!(serve.into_future());
        tokio::select! {
            served = &mut serve => served,
            () = hub.run(stops) => serve.await,
        }
    }
}
