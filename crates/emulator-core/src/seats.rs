//! How many connections there may be at once, and which of them go where there is no room for another.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

/// How long a client is waited for even where there is no room for another. So a crowd that comes all at once does
/// not take the place of whoever came just before it and is about to speak.
const GRACE: Duration = Duration::from_millis(250);

/// The seats that are taken.
#[derive(Debug, Default)]
pub struct Seats {
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    next: u64,
    seats: HashMap<u64, Arc<Seat>>,
}

/// One connection.
#[derive(Debug)]
pub struct Seat {
    /// Requests under way on it.
    busy: AtomicUsize,
    /// When it began to wait for its client.
    since: Mutex<Instant>,
    asked_to_go: Notify,
}

/// A seat as long as it is taken.
#[derive(Debug)]
pub struct Ticket {
    seats: Arc<Seats>,
    number: u64,
    /// The seat.
    pub seat: Arc<Seat>,
}

/// A request under way: its connection is not idle.
#[derive(Debug)]
pub struct Busy(Arc<Seat>);

impl Seats {
    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[cfg(test)]
    fn count(&self) -> usize {
        self.taken().seats.len()
    }

    /// Takes a seat for a connection.
    pub fn take(self: &Arc<Self>) -> Ticket {
        let seat = Arc::new(Seat {
            busy: AtomicUsize::new(0),
            since: Mutex::new(Instant::now()),
            asked_to_go: Notify::new(),
        });
        let mut taken = self.taken();
        let number = taken.next;
        taken.next += 1;
        taken.seats.insert(number, Arc::clone(&seat));
        Ticket {
            seats: Arc::clone(self),
            number,
            seat,
        }
    }

    /// Asks the connection that has waited longest for its client to go. None where every one has a request under
    /// way, or has only just begun to wait.
    pub fn ask_idlest_to_go(&self, now: Instant) {
        let mut taken = self.taken();
        let idle = taken.seats.iter().filter(|(_, seat)| {
            seat.busy.load(Ordering::Acquire) == 0 && now.saturating_duration_since(seat.since()) >= GRACE
        });
        let idlest = idle.min_by_key(|(number, seat)| (seat.since(), **number));
        if let Some(number) = idlest.map(|(number, _)| *number)
            // It is no longer counted: the next one asked is another.
            && let Some(seat) = taken.seats.remove(&number)
        {
            seat.asked_to_go.notify_one();
        }
    }
}

impl Seat {
    fn since(&self) -> Instant {
        *self.since.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Until it shall make room.
    pub async fn asked_to_go(&self) {
        self.asked_to_go.notified().await;
    }

    /// Says that a request is under way.
    pub fn busy(self: &Arc<Self>) -> Busy {
        self.busy.fetch_add(1, Ordering::AcqRel);
        Busy(Arc::clone(self))
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        *self.0.since.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
        self.0.busy.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.seats.taken().seats.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn went(ticket: &Ticket) -> bool {
        let waker = std::task::Waker::noop();
        let mut context = std::task::Context::from_waker(waker);
        std::pin::pin!(ticket.seat.asked_to_go())
            .poll(&mut context)
            .is_ready()
    }

    #[test]
    fn the_one_that_has_waited_longest_goes_first_and_none_that_has_a_request_under_way() {
        let seats = Arc::new(Seats::default());
        let (first, second, third) = (seats.take(), seats.take(), seats.take());
        let busy = second.seat.busy();
        // It had a request since.
        drop(first.seat.busy());
        let later = Instant::now() + GRACE;
        for expected in [[false, false, true], [true, false, false], [false, false, false]] {
            seats.ask_idlest_to_go(later);
            assert_eq!([&first, &second, &third].map(went), expected);
        }
        assert_eq!(seats.count(), 1);
        drop(busy);
        seats.ask_idlest_to_go(Instant::now() + GRACE);
        assert!(went(&second));
        drop((first, second, third));
        assert_eq!(seats.count(), 0);
    }

    #[test]
    fn whoever_has_just_come_is_given_a_moment_to_speak() {
        let seats = Arc::new(Seats::default());
        let before = Instant::now();
        let ticket = seats.take();
        let almost = Duration::from_millis(1);
        seats.ask_idlest_to_go(before + GRACE - almost);
        assert!(!went(&ticket));
        seats.ask_idlest_to_go(Instant::now() + GRACE);
        assert!(went(&ticket));
    }
}
