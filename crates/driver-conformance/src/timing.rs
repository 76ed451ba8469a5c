//! Interleaving without clocks: what happens between two requests is decided by how often a future is polled.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;

/// Lets everything else that is ready go on first.
pub(crate) async fn yield_now() {
    let mut yielded = false;
    poll_fn(|cx| {
        if yielded {
            return Poll::Ready(());
        }
        yielded = true;
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// Lets everything else go on this often.
pub(crate) async fn yield_times(times: usize) {
    for _ in 0..times {
        yield_now().await;
    }
}

/// How often calls are polled before they are dropped, one after the other: every early moment, and some later ones.
pub(crate) const DROP_AFTER: [usize; 20] = [
    1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 14, 16, 20, 24, 32, 40, 48, 64,
];

/// Polls at most so often, then drops the future: `None` when that came first.
pub(crate) async fn cancelled_after<F: Future>(polls: usize, future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut left = polls;
    poll_fn(|cx| {
        left = left.saturating_sub(1);
        match future.as_mut().poll(cx) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending if left == 0 => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}
