//! The exit codes of `kompoxops`: part of its contract, like the names of its flags.

/// What was asked for is done. Warnings and drift do not change that.
pub const DONE: u8 = 0;
/// Something failed, a deadline included.
pub const FAILED: u8 = 1;
/// The command line cannot be meant.
pub const USAGE: u8 = 2;
/// A dry run would change something, or an examination found something.
pub const DIFFERENCE: u8 = 3;
/// Ctrl-C, or a request to stop.
pub const INTERRUPTED: u8 = 130;
