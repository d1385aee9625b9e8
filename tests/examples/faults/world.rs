//! One server on one database, and whom both are told to.

use std::sync::Arc;

use convo_tests::own::Postgres;
use convo_tests::small::Small;
use convo_tests::{Api, Database, Kind, Options, Server};
use tokio::sync::watch;

pub struct World {
    /// The server of PostgreSQL.
    pub postgres: Option<Postgres>,
    /// Taken out while it is started again.
    server: Option<Server>,
    /// Where the server listens now.
    pub place: watch::Sender<Api>,
}

impl World {
    /// On the disk of the machine, or with database and attachments on a small one.
    pub async fn start(kind: Kind, small: Option<&Small>) -> World {
        let (postgres, database) = match (kind, small) {
            (Kind::Sqlite, None) => (None, Database::create(kind).await),
            (Kind::Sqlite, Some(small)) => (None, Database::sqlite_in(&small.room("database"))),
            (Kind::Postgres, small) => {
                let postgres = match small {
                    Some(small) => Postgres::start_in(small.room("database")).await,
                    None => Postgres::start().await,
                };
                let database = postgres.database().await;
                (Some(postgres), database)
            }
        };
        let mut options = Options::on(kind)
            .over(&Arc::new(database))
            .with("CONVO_LOG__LEVEL", "warn")
            .without_contract();
        if let Some(small) = small {
            let storage = small.room("attachments");
            options = options.with("CONVO_STORAGE__PATH", &storage.display().to_string());
        }
        let server = options.start().await;
        World {
            postgres,
            place: watch::Sender::new(server.api()),
            server: Some(server),
        }
    }

    pub fn server(&mut self) -> &mut Server {
        self.server.as_mut().expect("a server")
    }

    pub fn api(&self) -> Api {
        self.place.borrow().clone()
    }

    /// After a kill: another process on the same database, elsewhere.
    pub async fn start_again(&mut self) {
        let killed = self.server.take().expect("a server");
        let server = killed.restart().await;
        self.place.send_replace(server.api());
        self.server = Some(server);
    }
}
