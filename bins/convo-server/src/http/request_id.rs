//! `X-Request-Id`: taken over when sane, made otherwise, and known to every log line of a request.

use std::cell::RefCell;
use std::future::Future;
use std::rc::Rc;

use actix_web::http::header::{HeaderMap, HeaderName};
use actix_web::web;
use convo_app::AppError;

use crate::ids;

/// The header, in and out.
pub const HEADER: HeaderName = HeaderName::from_static("x-request-id");
/// A longer id of a client is replaced.
const MAX_LENGTH: usize = 128;

tokio::task_local! {
    static CURRENT: Rc<str>;
}

thread_local! {
    /// The id of the request that this thread works for, where no task does.
    static LENT: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// The client's id where it is sane, else a new UUID of version 7.
#[must_use]
pub fn of_headers(headers: &HeaderMap) -> Rc<str> {
    match headers.get(HEADER).and_then(|value| value.to_str().ok()) {
        Some(id) if is_sane(id) => id.into(),
        _ => ids::new_id().to_string().into(),
    }
}

/// Letters, digits, `.`, `_`, `:` and `-` only, so that no address and no line break gets into a log.
fn is_sane(id: &str) -> bool {
    !id.is_empty()
        && id.len() <= MAX_LENGTH
        && id
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"._:-".contains(&b))
}

/// Runs a request under its id.
pub async fn scope<F: Future>(id: Rc<str>, request: F) -> F::Output {
    CURRENT.scope(id, request).await
}

/// The id of the request that this task or thread works for, if it works for one.
#[must_use]
pub fn current() -> Option<String> {
    let of_task = CURRENT.try_with(|id| id.to_string()).ok();
    of_task.or_else(|| LENT.with_borrow(Clone::clone))
}

/// Work for another thread, or for later, that is still done for the request of now.
pub fn lent<T>(work: impl FnOnce() -> T) -> impl FnOnce() -> T {
    let id = current();
    move || of_request(id, work)
}

/// Work on a thread that may block, still done for the request of now.
///
/// # Errors
/// `Unavailable` when it panicked, or when there are no threads any more.
pub async fn block<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, AppError> {
    let done = web::block(lent(work)).await;
    done.map_err(|_| AppError::Unavailable)
}

/// Does something for the request of this id, where no task does.
pub fn of_request<T>(id: Option<String>, work: impl FnOnce() -> T) -> T {
    let before = LENT.replace(id);
    // Put back even when the work panics, since the thread goes on to work for others.
    let _restored = Restored(before);
    work()
}

struct Restored(Option<String>);

impl Drop for Restored {
    fn drop(&mut self) {
        LENT.set(self.0.take());
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use actix_web::http::header::HeaderValue;

    use super::*;

    fn taken(value: &str) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(HEADER, HeaderValue::from_str(value).unwrap());
        &*of_headers(&headers) == value
    }

    #[test]
    fn sane_ids_are_taken_over() {
        assert!(taken("abc-123_x.y:z"));
        assert!(taken(&"a".repeat(MAX_LENGTH)));
    }

    #[test]
    fn others_are_replaced() {
        for id in [
            "",
            "a b",
            "me@x.example",
            "a\"b",
            &"a".repeat(MAX_LENGTH + 1),
        ] {
            assert!(!taken(id), "{id}");
        }
        assert_eq!(of_headers(&HeaderMap::new()).len(), 36);
    }

    #[actix_web::test]
    async fn other_threads_know_it_while_they_work_for_the_request() {
        let both = scope("r2".into(), async {
            let asked = std::thread::spawn(lent(current)).join();
            let later = lent(current);
            (asked.ok().flatten(), later)
        });
        let (asked, later) = both.await;
        assert_eq!(asked.as_deref(), Some("r2"));
        assert_eq!(later().as_deref(), Some("r2"));
        assert_eq!(current(), None);
        let panics = scope("r3".into(), async { lent(|| panic!("as it does")) }).await;
        assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(panics)).is_err());
        assert_eq!(current(), None);
    }

    #[actix_web::test]
    async fn the_id_is_known_inside_only() {
        assert_eq!(current(), None);
        assert_eq!(
            scope("r1".into(), async { current() }).await.as_deref(),
            Some("r1")
        );
    }
}
