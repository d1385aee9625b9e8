//! Listening, and stopping without losing what is under way.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::{Server, ServerHandle};
use actix_web::http::KeepAlive;
use actix_web::middleware::from_fn;
use actix_web::{App, HttpServer, web};
use tokio::signal::unix::{SignalKind, signal};

use crate::app::{Shell, app};
use crate::http::edge::edge;
use crate::http::health;
use crate::{settings, ws};

/// The process is gone this long after SIGTERM, whatever is still under way.
const GONE_WITHIN: Duration = Duration::from_secs(19);
/// The listener stays open so long while `/readyz` says that the server is stopping, so that those
/// who ask it send nothing more.
const NOTICE: Duration = Duration::from_secs(1);
/// How often metrics and budgets are tidied.
const TIDY_EVERY: Duration = Duration::from_secs(5);

/// A server that listens already.
pub struct Listening {
    server: Server,
    metrics: Option<Server>,
    /// The addresses it listens on; a port of 0 has become a real one.
    pub addresses: Vec<SocketAddr>,
    /// The address of the metrics' own listener.
    pub metrics_address: Option<SocketAddr>,
}

/// Binds the listeners; requests are answered once [`Listening::run`] is called.
///
/// # Errors
/// [`io::Error`] when an address cannot be bound, with the setting that names it.
pub fn listen(settings: &settings::Server, shell: &Shell) -> io::Result<Listening> {
    let (for_apps, for_metrics) = (shell.clone(), shell.clone());
    let server = HttpServer::new(move || app(&for_apps))
        .on_connect(ws::remember)
        // An event must not wait until the one before it is acknowledged.
        .tcp_nodelay(true)
        .workers(settings.workers)
        .max_connections((settings.max_connections / settings.workers).max(1))
        .keep_alive(KeepAlive::Timeout(settings.keep_alive))
        .client_request_timeout(settings.head_timeout)
        .client_disconnect_timeout(Duration::from_secs(2))
        .shutdown_timeout(settings.drain.as_secs())
        .disable_signals()
        .bind(settings.bind)
        .map_err(|cause| unbound("server.bind", settings.bind, &cause))?;
    let addresses = server.addrs();
    let metrics = settings.metrics_bind.map(|bind| {
        let metrics = HttpServer::new(move || {
            let data = web::Data::new(for_metrics.metrics.clone());
            App::new()
                .app_data(data)
                .app_data(web::Data::from(Arc::clone(&for_metrics.readiness)))
                .route("/metrics", web::get().to(health::open_metrics))
                .wrap(from_fn(edge))
        });
        let metrics = metrics
            .workers(1)
            .shutdown_timeout(1)
            .disable_signals()
            .bind(bind)
            .map_err(|cause| unbound("server.metrics_bind", bind, &cause))?;
        Ok::<_, io::Error>((metrics.addrs(), metrics.run()))
    });
    let (metrics_address, metrics) = match metrics.transpose()? {
        Some((addresses, server)) => (addresses.first().copied(), Some(server)),
        None => (None, None),
    };
    Ok(Listening {
        server: server.run(),
        metrics,
        addresses,
        metrics_address,
    })
}

fn unbound(setting: &str, address: SocketAddr, cause: &io::Error) -> io::Error {
    io::Error::new(cause.kind(), format!("{setting}: {address}: {cause}"))
}

impl Listening {
    /// Says where it listens, one line an address.
    ///
    /// # Errors
    /// [`io::Error`] of the output.
    pub fn announce(&self, out: &mut dyn io::Write) -> io::Result<()> {
        for address in &self.addresses {
            writeln!(out, "listening on http://{address}")?;
        }
        out.flush()
    }

    /// Serves until `stop` resolves, then lets what is under way finish.
    ///
    /// # Errors
    /// [`io::Error`] of the server.
    pub async fn run(self, shell: &Shell, stop: impl Future<Output = ()>) -> io::Result<()> {
        let handles: Vec<ServerHandle> = std::iter::once(self.server.handle())
            .chain(self.metrics.as_ref().map(Server::handle))
            .collect();
        let tidying = actix_web::rt::spawn(tidy(shell.clone()));
        let metrics = self.metrics.map(actix_web::rt::spawn);
        let mut server = actix_web::rt::spawn(self.server);
        let ended = tokio::select! {
            ended = &mut server => ended,
            () = stop => {
                shell.draining.begin();
                log::info!("draining");
                actix_web::rt::time::sleep(NOTICE).await;
                for handle in &handles {
                    handle.stop(true).await;
                }
                server.await
            }
        };
        if let Some(metrics) = metrics {
            metrics.abort();
        }
        tidying.abort();
        ended.map_err(io::Error::other)?
    }
}

async fn tidy(shell: Shell) {
    loop {
        actix_web::rt::time::sleep(TIDY_EVERY).await;
        shell.metrics.run_upkeep();
        shell.gate.failed_checks.sweep();
    }
}

/// Resolves at SIGTERM or SIGINT. From then on the process has 19 s left: what is not
/// done by then is lost to its clients, never to the database.
///
/// # Errors
/// [`io::Error`] when signals cannot be listened to.
pub fn stop_signal() -> io::Result<impl Future<Output = ()>> {
    let (mut terminate, mut interrupt) = (
        signal(SignalKind::terminate())?,
        signal(SignalKind::interrupt())?,
    );
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        std::thread::spawn(|| {
            std::thread::sleep(GONE_WITHIN);
            log::warn!("not everything could be finished in time");
            std::process::exit(0);
        });
    })
}

#[cfg(test)]
mod tests;
