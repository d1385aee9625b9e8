//! The listener of everything: HTTP over connections that a WebSocket may take over.
//!
//! It is what `actix_web::HttpServer` does, over a [`Connection`] instead of a bare socket.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use actix_http::HttpServiceBuilder;
use actix_http::error::DispatchError;
use actix_server::Server;
use actix_service::{IntoServiceFactory as _, ServiceFactoryExt as _, fn_service, map_config};
use actix_web::dev::{AppConfig, Extensions};
use actix_web::http::KeepAlive;
use actix_web::rt::net::TcpStream;
use socket2::{Domain, Protocol, Socket, Type};

use crate::app::{Shell, app};
use crate::settings;
use crate::ws::Connection;

/// Connections that wait to be accepted.
const BACKLOG: i32 = 1024;
/// For a client to end a connection that was answered.
const DISCONNECT: Duration = Duration::from_secs(2);

/// Binds and begins to serve; the address is that of the listener, a port of 0 has become a real one.
///
/// # Errors
/// [`io::Error`] when the address cannot be bound.
pub(super) fn serve(settings: &settings::Server, shell: Shell) -> io::Result<(Server, SocketAddr)> {
    let listener = bind(settings.bind)?;
    let address = listener.local_addr()?;
    let builder = Server::build()
        .workers(settings.workers)
        .max_concurrent_connections((settings.max_connections / settings.workers).max(1))
        .shutdown_timeout(settings.drain.as_secs())
        .disable_signals();
    let (keep_alive, head_timeout) = (settings.keep_alive, settings.head_timeout);
    let draining = builder.graceful_shutdown_signal();
    let service = move || {
        let draining = draining.clone();
        let app = app(&shell)
            .into_factory()
            .map_err(|error: actix_web::Error| error.error_response());
        let http = HttpServiceBuilder::default()
            .graceful_shutdown_signal(move || {
                let draining = draining.clone();
                async move { draining.notified().await }
            })
            .keep_alive(KeepAlive::Timeout(keep_alive))
            .client_request_timeout(head_timeout)
            .client_disconnect_timeout(DISCONNECT)
            .local_addr(address)
            .on_connect_ext(|connection: &Connection, data: &mut Extensions| {
                data.insert(connection.claim());
            })
            .h1(map_config(app, |()| AppConfig::default()));
        fn_service(|stream: TcpStream| async move {
            // An event must not wait until the client's system has acknowledged the one before.
            let _ = stream.set_nodelay(true);
            let peer = stream.peer_addr().ok();
            Ok::<_, DispatchError>((Connection::new(stream), peer))
        })
        .and_then(http)
    };
    let server = builder.listen("http", listener, service)?.run();
    Ok((server, address))
}

fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(
        Domain::for_address(address),
        Type::STREAM,
        Some(Protocol::TCP),
    )?;
    // What is left of connections of a process before must not keep the address.
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}
