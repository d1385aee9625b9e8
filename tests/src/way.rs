//! A way to a server that can be cut, so that a client finds the server again at the same address.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// Listens on a port of its own and passes every connection on to a server.
pub struct Way {
    address: SocketAddr,
    /// Where it leads; nowhere while it is closed.
    server: Arc<Mutex<Option<String>>>,
    /// Rises with every cut; connections of before end.
    cut: watch::Sender<u32>,
}

impl Way {
    /// A way to what listens at `base`, such as `http://127.0.0.1:8080`.
    pub async fn to(base: &str) -> Way {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = Arc::new(Mutex::new(Some(host(base))));
        let cut = watch::Sender::new(0);
        let (leads, watched) = (Arc::clone(&server), cut.clone());
        tokio::spawn(async move {
            while let Ok((mut inside, _)) = listener.accept().await {
                let (server, mut cut) = (leads.lock().unwrap().clone(), watched.subscribe());
                let Some(server) = server else {
                    continue;
                };
                tokio::spawn(async move {
                    // Between two lives of the server there is nobody there: the client is hung up on.
                    let Ok(mut outside) = TcpStream::connect(server).await else {
                        return;
                    };
                    tokio::select! {
                        _ = tokio::io::copy_bidirectional(&mut inside, &mut outside) => {}
                        _ = cut.changed() => {}
                    }
                });
            }
        });
        Way {
            address,
            server,
            cut,
        }
    }

    /// What clients take for the server, such as `http://127.0.0.1:9090`.
    pub fn base(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Ends every connection; new ones are made as before.
    pub fn cut(&self) {
        self.cut.send_modify(|cuts| *cuts += 1);
    }

    /// Ends every connection, and hangs up on new ones until [`Way::open`].
    pub fn close(&self) {
        *self.server.lock().unwrap() = None;
        self.cut();
    }

    /// From now on it leads to what listens at `base`.
    pub fn open(&self, base: &str) {
        *self.server.lock().unwrap() = Some(host(base));
    }
}

fn host(base: &str) -> String {
    base.trim_start_matches("http://")
        .trim_end_matches('/')
        .to_owned()
}
