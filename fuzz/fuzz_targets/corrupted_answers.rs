//! One answer of a true embedded Azure is corrupted: what the operation says of itself must be true, and run again it must
//! lead to the wanted end. The first byte chooses the operation, the second one the request, the rest is the seed of
//! the corruption.
#![no_main]

use std::cell::RefCell;
use std::collections::HashMap;

use kompox_azure_emulator::{Options, Timing};
use kompox_tests::crash_points::{Breakable, Trouble};
use kompox_tests::operations::Writing;
use libfuzzer_sys::fuzz_target;
use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{SignalKind, signal};

/// No operation has more requests.
const REQUESTS: u8 = 64;

/// Operations that were made ready, by their number: each starts from the same again, whatever was done before.
struct Ready {
    runtime: Runtime,
    operations: HashMap<usize, Box<dyn Breakable>>,
}

impl Ready {
    fn new() -> Self {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        // libFuzzer's main, unlike Rust's, lets a write to a connection that was reset end the process without a word.
        // A handler, once there, stays.
        let entered = runtime.enter();
        drop(signal(SignalKind::pipe()).unwrap());
        drop(entered);
        Self {
            runtime,
            operations: HashMap::new(),
        }
    }
}

thread_local! {
    /// Never dropped: operations that are ready stay so as long as the process runs.
    static READY: &'static RefCell<Ready> = Box::leak(Box::new(RefCell::new(Ready::new())));
}

fuzz_target!(|data: &[u8]| {
    let [operation, request, seed @ ..] = data else {
        return;
    };
    let mut number = [0; 8];
    for (place, byte) in number.iter_mut().zip(seed) {
        *place = *byte;
    }
    let trouble = Trouble::Corrupted(u64::from_le_bytes(number));
    READY.with(|ready| {
        let Ready { runtime, operations } = &mut *ready.borrow_mut();
        let mut all = Writing::all();
        let chosen = usize::from(*operation) % all.len();
        let operation = operations.entry(chosen).or_insert_with(|| {
            let options = Options {
                timing: Timing::zero(),
                ..Options::default()
            };
            runtime.block_on(all.swap_remove(chosen).ready(options)).unwrap()
        });
        let request = usize::from(*request % REQUESTS);
        runtime.block_on(operation.break_at(trouble, request)).unwrap();
    });
});
