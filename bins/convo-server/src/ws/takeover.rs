//! A connection that HTTP serves until a WebSocket takes it over.
//!
//! What the HTTP server keeps for a connection (two buffers of 8 KiB, timers, the request) is made for requests, not
//! for thousands of sockets that wait. So the answer 101 is the last it writes, and what it then takes for shutting the
//! connection down hands the socket to its heir.

use std::cell::RefCell;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use actix_web::rt::net::TcpStream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::oneshot;

/// A client's connection as the HTTP server holds it.
pub struct Connection(Rc<Shared>);

/// The right to take a connection over; among the data of its requests.
pub struct Claim(Rc<Shared>);

struct Shared {
    stream: RefCell<Option<TcpStream>>,
    heir: RefCell<Option<oneshot::Sender<TcpStream>>>,
}

impl Connection {
    /// A connection that HTTP serves.
    #[must_use]
    pub fn new(stream: TcpStream) -> Self {
        Self(Rc::new(Shared {
            stream: RefCell::new(Some(stream)),
            heir: RefCell::new(None),
        }))
    }

    /// The right to take it over.
    #[must_use]
    pub fn claim(&self) -> Claim {
        Claim(Rc::clone(&self.0))
    }

    fn with<T>(
        &self,
        work: impl FnOnce(Pin<&mut TcpStream>) -> Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        match &mut *self.0.stream.borrow_mut() {
            Some(stream) => work(Pin::new(stream)),
            None => Poll::Ready(Err(io::ErrorKind::NotConnected.into())),
        }
    }
}

impl Claim {
    /// Resolves with the socket once HTTP has written its answer to the present request, or with an error where that
    /// fails. From now on HTTP reads nothing more. `None` when it was taken over before.
    pub(super) fn take(&self) -> Option<oneshot::Receiver<TcpStream>> {
        let mut heir = self.0.heir.borrow_mut();
        if heir.is_some() || self.0.stream.borrow().is_none() {
            return None;
        }
        let (give, taken) = oneshot::channel();
        *heir = Some(give);
        Some(taken)
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.0.heir.borrow().is_some() {
            // For HTTP this is the end of what the client says.
            return Poll::Ready(Ok(()));
        }
        self.with(|stream| stream.poll_read(context, buffer))
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.with(|stream| stream.poll_write(context, bytes))
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.with(|stream| stream.poll_flush(context))
    }

    /// Everything was written before this is asked for.
    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Some(heir) = self.0.heir.borrow_mut().take() else {
            return self.with(|stream| stream.poll_shutdown(context));
        };
        if let Some(stream) = self.0.stream.borrow_mut().take() {
            // An heir that is gone wants nothing: the socket is closed by being dropped.
            let _ = heir.send(stream);
        }
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    use super::*;

    async fn pair() -> (Connection, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap())
            .await
            .unwrap();
        (Connection::new(listener.accept().await.unwrap().0), client)
    }

    #[actix_web::test]
    async fn what_http_shuts_down_goes_to_the_heir() {
        let (mut connection, mut client) = pair().await;
        let claim = connection.claim();
        client.write_all(b"ask").await.unwrap();
        let mut asked = [0; 3];
        connection.read_exact(&mut asked).await.unwrap();
        let taken = claim.take().unwrap();
        assert!(claim.take().is_none(), "only once");
        client.write_all(b"early").await.unwrap();
        assert_eq!(connection.read(&mut asked).await.unwrap(), 0);
        connection.write_all(b"101").await.unwrap();
        connection.shutdown().await.unwrap();
        drop(connection);
        let mut heir = taken.await.unwrap();
        let mut early = [0; 5];
        heir.read_exact(&mut early).await.unwrap();
        heir.write_all(b"!").await.unwrap();
        drop(heir);
        let mut heard = String::new();
        client.read_to_string(&mut heard).await.unwrap();
        assert_eq!((&early, heard.as_str()), (b"early", "101!"));
        assert!(claim.take().is_none(), "it is gone");
    }

    #[actix_web::test]
    async fn without_an_heir_it_is_closed() {
        let (mut connection, mut client) = pair().await;
        connection.write_all(b"200").await.unwrap();
        connection.shutdown().await.unwrap();
        let mut heard = String::new();
        client.read_to_string(&mut heard).await.unwrap();
        assert_eq!(heard, "200");
    }

    #[actix_web::test]
    async fn a_connection_that_ends_before_leaves_nothing() {
        let (connection, _client) = pair().await;
        let taken = connection.claim().take().unwrap();
        drop(connection);
        assert!(taken.await.is_err());
    }
}
