//! A second handle on a connection's socket: a client that does not read cannot be told to go, so its
//! connection is cut, and with it goes what was buffered for it.

use std::any::Any;
use std::net::{Shutdown, TcpStream};
use std::os::fd::AsFd;
use std::sync::{Mutex, PoisonError};

use actix_web::HttpRequest;
use actix_web::dev::Extensions;

/// Bytes the system takes for a client before they can be sent.
/// Source: tcp(7), `TCP_NOTSENT_LOWAT`.
#[cfg(target_os = "linux")]
const UNSENT: u32 = 64 << 10;

/// The handle as a connection's data keep it until a session takes it.
struct Kept(Mutex<Option<TcpStream>>);

/// Keeps a handle on every new connection; for `HttpServer::on_connect`.
pub fn remember(connection: &dyn Any, data: &mut Extensions) {
    let Some(stream) = connection.downcast_ref::<actix_web::rt::net::TcpStream>() else {
        return;
    };
    if let Ok(handle) = stream.as_fd().try_clone_to_owned() {
        data.insert(Kept(Mutex::new(Some(TcpStream::from(handle)))));
    }
}

/// Cuts its connection when dropped.
pub(super) struct Wire(Option<TcpStream>);

impl Wire {
    /// The connection of a request.
    pub fn of(request: &HttpRequest) -> Self {
        let kept = request.conn_data::<Kept>();
        let wire =
            kept.and_then(|kept| kept.0.lock().unwrap_or_else(PoisonError::into_inner).take());
        #[cfg(target_os = "linux")]
        if let Some(stream) = &wire {
            // Otherwise the system takes megabytes for a client that does not read. What is under way to one that
            // does is not bounded by it. Without it the connection works as well.
            let _ = socket2::SockRef::from(stream).set_tcp_notsent_lowat(UNSENT);
        }
        Self(wire)
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        if let Some(stream) = &self.0 {
            // It may be closed already; there is nothing to be done about other errors.
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}
