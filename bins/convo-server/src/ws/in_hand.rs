//! What was handed to a connection and is not taken yet. `actix-ws` bounds it in frames; a frame may have 100 KB, and
//! hundreds of clients that do not read would hold, and be written, as many megabytes.

use std::cell::Cell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use actix_web::HttpResponse;
use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::web::Bytes;
use tokio::sync::Notify;

/// Bytes of frames that may wait for a connection; one larger frame waits alone.
const MOST: usize = 64 << 10;

/// The count; a connection's session and body run on one thread and share it.
#[derive(Clone, Default)]
pub(super) struct InHand(Rc<Count>);

#[derive(Default)]
struct Count {
    bytes: Cell<usize>,
    taken: Notify,
}

impl InHand {
    /// Waits until so many bytes more may be handed over, and counts them.
    pub async fn room_for(&self, bytes: usize) {
        while self.0.bytes.get() > 0 && self.0.bytes.get() + bytes > MOST {
            self.0.taken.notified().await;
        }
        self.0.bytes.set(self.0.bytes.get() + bytes);
    }

    /// The response whose body tells what the connection takes.
    pub fn watch(&self, response: HttpResponse) -> HttpResponse {
        let in_hand = self.clone();
        response.map_body(|_, body| BoxBody::new(Watched { body, in_hand }))
    }
}

struct Watched {
    body: BoxBody,
    in_hand: InHand,
}

impl MessageBody for Watched {
    type Error = <BoxBody as MessageBody>::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        let next = Pin::new(&mut self.body).poll_next(context);
        if let Poll::Ready(Some(_)) = &next {
            // A poll that yields takes everything that was handed over before.
            self.in_hand.0.bytes.set(0);
            self.in_hand.0.taken.notify_one();
        }
        next
    }
}
