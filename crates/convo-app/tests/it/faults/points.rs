//! Failpoints at each table that a commit writes, and at the commit itself, made of triggers: nothing of the program
//! knows of them, and what fails is a statement of the database, half-way through a transaction.

use std::collections::BTreeSet;

use convo_store::Store;

use crate::world::World;

/// What happens at a point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The database says that it has no room: nothing is stored, and everybody is told to come back.
    Away,
    /// A statement fails as a fault of ours would.
    Broken,
    /// The connection is lost, once: the next one finds all well. Of PostgreSQL only.
    Cut,
}

/// A table and how it is written to, or the commit.
pub type Point = String;

/// The point behind the last statement; of PostgreSQL only.
pub const COMMIT: &str = "COMMIT";

const OPERATIONS: [&str; 3] = ["INSERT", "UPDATE", "DELETE"];

fn tables() -> BTreeSet<&'static str> {
    Store::columns().map(|(table, _)| table).collect()
}

/// Puts the points in place; none of them does anything yet.
pub fn install(world: &World) {
    let mut sql = String::from(
        "CREATE TABLE fail_at (point TEXT, fault TEXT); INSERT INTO fail_at VALUES (NULL, NULL);
         CREATE TABLE fail_seen (at INTEGER, point TEXT);",
    );
    if world.is_postgres() {
        sql.push_str(
            "CREATE SEQUENCE fail_shots;
             CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$
             DECLARE here TEXT := CASE WHEN TG_NARGS = 1 THEN TG_ARGV[0] ELSE TG_TABLE_NAME || ' ' || TG_OP END;
                     armed RECORD;
             BEGIN
               SELECT * INTO armed FROM fail_at;
               IF armed.fault = 'SEE' THEN INSERT INTO fail_seen VALUES (0, here); END IF;
               IF armed.point = here THEN
                 IF armed.fault = 'Away' THEN RAISE EXCEPTION 'could not extend file: no space left on device'; END IF;
                 IF armed.fault = 'Broken' THEN RAISE EXCEPTION 'broken by a test'; END IF;
                 IF armed.fault = 'Cut' THEN
                   IF nextval('fail_shots') = 1 THEN PERFORM pg_terminate_backend(pg_backend_pid()); END IF;
                 END IF;
               END IF;
               RETURN NULL;
             END $$;
             CREATE CONSTRAINT TRIGGER fail_commit AFTER INSERT ON event_log DEFERRABLE INITIALLY DEFERRED
               FOR EACH ROW EXECUTE FUNCTION fail('COMMIT');",
        );
    }
    for table in tables() {
        for operation in OPERATIONS {
            sql.push_str(&match world.is_postgres() {
                true => format!(
                    "CREATE TRIGGER fail_{operation} BEFORE {operation} ON {table}
                     FOR EACH STATEMENT EXECUTE FUNCTION fail();"
                ),
                false => format!(
                    "CREATE TRIGGER fail_{table}_{operation} BEFORE {operation} ON {table}
                     WHEN (SELECT point = '{table} {operation}' OR fault = 'SEE' FROM fail_at)
                     BEGIN
                       INSERT INTO fail_seen SELECT 0, '{table} {operation}' FROM fail_at WHERE fault = 'SEE';
                       SELECT CASE fault
                         WHEN 'Away' THEN RAISE(ABORT, 'database or disk is full')
                         WHEN 'Broken' THEN RAISE(ABORT, 'broken by a test') END FROM fail_at;
                     END;"
                ),
            });
        }
    }
    world.sql(&sql);
}

/// From now on this happens at the point.
pub fn arm(world: &World, point: &str, fault: Fault) {
    let mut sql = format!("UPDATE fail_at SET point = '{point}', fault = '{fault:?}';");
    if world.is_postgres() {
        sql.push_str("SELECT setval('fail_shots', 1, false);");
    }
    world.sql(&sql);
}

/// From now on all is well again.
pub fn disarm(world: &World) {
    world.sql("UPDATE fail_at SET point = NULL, fault = NULL;");
}

/// Runs something that goes well, and says which points it came by.
pub fn seen(world: &World, run: impl FnOnce()) -> BTreeSet<Point> {
    world.sql("DELETE FROM fail_seen; UPDATE fail_at SET point = NULL, fault = 'SEE';");
    run();
    disarm(world);
    world
        .sql("SELECT DISTINCT point FROM fail_seen")
        .into_iter()
        .collect()
}
