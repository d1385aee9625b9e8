//! One test function, two databases.

use crate::Kind;

/// Makes the tests `name::sqlite` and `name::postgres` out of `async fn name(options: Options)`.
#[macro_export]
macro_rules! on_both {
    ($($name:ident),+ $(,)?) => {$(
        mod $name {
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                super::$name($crate::Options::on($crate::Kind::Sqlite)).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                if $crate::skipped($crate::Kind::Postgres) {
                    return;
                }
                super::$name($crate::Options::on($crate::Kind::Postgres)).await;
            }
        }
    )+};
}

/// Whether there is no server for this kind of database; says so, and fails where it must be there.
pub fn skipped(kind: Kind) -> bool {
    let missing = kind == Kind::Postgres && std::env::var_os(crate::database::POSTGRES).is_none();
    if missing {
        assert!(
            std::env::var_os("CI").is_none(),
            "{} is not set: run `cargo xtask test`",
            crate::database::POSTGRES
        );
        println!("skipped: {} is not set", crate::database::POSTGRES);
    }
    missing
}
