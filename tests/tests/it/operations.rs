//! What an operator's tools see.

use convo_tests::{Options, on_both};

on_both!(a_stopping_server_says_so);

async fn a_stopping_server_says_so(options: Options) {
    let mut server = options.start().await;
    server.get("/readyz").await.ok();
    server.terminate();
    let answer = loop {
        let answer = server.with_key(None).get("/readyz").await;
        if answer.status != 200 {
            break answer;
        }
    };
    assert_eq!(answer.expect(503)["status"], "draining");
    assert_eq!(server.end().await.code(), Some(0));
}
