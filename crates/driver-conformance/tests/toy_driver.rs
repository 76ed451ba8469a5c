//! The toy driver of `design/driver-guide.md` passes the suite: its `main` asserts that.

#[path = "../examples/toy_driver.rs"]
mod toy_driver;

#[test]
fn the_toy_driver_of_the_guide_passes_every_case_that_it_declares() {
    toy_driver::main();
}
