//! The commands: one file each, with its flags and what it does.

pub mod admin;
pub mod check;
pub mod completion;
pub mod disk;
#[cfg(feature = "emulator")]
pub mod emulator;
pub mod init;
#[cfg(feature = "emulator")]
pub mod quickstart;
pub mod snapshot;
pub mod version;

mod bootstrap;
mod values;
