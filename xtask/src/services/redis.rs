//! A Redis server of one's own, without persistence.

use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};

use super::binaries::Binaries;
use super::folder::Folder;
use super::guardian::Guardian;
use super::{free_port, wait_until};

const SCRIPT: &str = r#"exec "$1" --port "$2" --bind 127.0.0.1 --save "" --appendonly no --dir ."#;

/// Starts it and gives its URL.
///
/// # Errors
/// It ended before it was ready (its own words are given), or was not ready in time.
pub fn start(
    binaries: &Binaries,
    folder: &Folder,
    guardian: &mut Guardian,
) -> Result<String, String> {
    let port = free_port()?;
    let room = folder.room("redis")?;
    let mut command = folder.shell(&room, SCRIPT)?;
    command.arg(&binaries.redis).arg(port.to_string());
    let server = guardian.start(command)?;
    wait_until("Redis", || {
        if guardian.has_ended(server) {
            let log = fs::read_to_string(room.join("log")).unwrap_or_default();
            return Err(format!("Redis did not start:\n{log}"));
        }
        Ok(answers(port))
    })?;
    Ok(format!("redis://127.0.0.1:{port}/0"))
}

fn answers(port: u16) -> bool {
    let mut answer = [0; 5];
    TcpStream::connect((Ipv4Addr::LOCALHOST, port))
        .and_then(|mut stream| {
            stream.write_all(b"PING\r\n")?;
            stream.read_exact(&mut answer)
        })
        .is_ok_and(|()| answer == *b"+PONG")
}
