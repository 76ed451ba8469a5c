//! The commands: one file each, with its flags and what it does.

pub mod admin;
pub mod check;
pub mod cluster;
pub mod completion;
pub mod disk;
pub mod dns;
#[cfg(feature = "emulator")]
pub mod emulator;
pub mod init;
#[cfg(feature = "emulator")]
pub mod quickstart;
pub mod snapshot;
pub mod version;
pub mod volume;

mod bootstrap;
mod values;

/// Paths are written to a configuration and printed as JSON, which can hold only UTF-8.
#[cfg(feature = "emulator")]
fn require_utf8(path: &std::path::Path) -> Result<(), crate::failure::Failure> {
    if path.to_str().is_some() {
        return Ok(());
    }
    Err(crate::failure::Failure::new(
        kompox_domain::ErrorKind::InvalidInput,
        format!("the path {} is not UTF-8", path.display()),
        "use a directory whose whole path is UTF-8",
    ))
}
