//! One answer of a true embedded Azure is corrupted: what the operation says of itself must be true, and run again it must
//! lead to the wanted end. The first byte chooses the operation, the second one the request, the rest is the seed of
//! the corruption.
#![no_main]

use kompox_azure_emulator::{Options, Timing};
use kompox_tests::crash_points::Trouble;
use kompox_tests::operations::Writing;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let [operation, request, seed @ ..] = data else { return };
    let mut number = [0; 8];
    for (place, byte) in number.iter_mut().zip(seed) {
        *place = *byte;
    }
    let operations = Writing::all();
    let operation = &operations[usize::from(*operation) % operations.len()];
    let options = Options {
        timing: Timing::zero(),
        ..Options::default()
    };
    let trouble = Trouble::Corrupted(u64::from_le_bytes(number));
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(operation.break_at(options, trouble, usize::from(request % 64)))
        .unwrap();
});
