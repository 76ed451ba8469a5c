//! Shows what a fault plan makes of a few requests.

#![expect(clippy::print_stdout, reason = "an example that prints what it finds")]

use std::error::Error;

use http::Method;
use kompox_emulator_core::faults::{ActivePlan, FaultAction, FaultPlan, FaultRule};

fn main() -> Result<(), Box<dyn Error>> {
    let busy = FaultAction::respond_retry_after(429, "TooManyRequests", 1);
    let mut plan = ActivePlan::new(FaultPlan::new([
        FaultRule::new("GET", "**/disks", busy).after(1).times(1),
        FaultRule::new("PUT", "**/disks/*", FaultAction::ResetAfter).times(1),
    ]))?;
    for (method, path) in [
        (Method::GET, "/disks"),
        (Method::PUT, "/disks/a"),
        (Method::GET, "/disks"),
        (Method::GET, "/disks"),
    ] {
        println!("{method} {path}: {:?}", plan.judge(&method, path, path).action);
    }
    Ok(())
}
