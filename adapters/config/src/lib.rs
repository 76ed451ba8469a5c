//! Reads kompoxops.yml and KOM documents into the domain's [`Catalog`](kompox_domain::Catalog).
//!
//! [`load`] takes all of a configuration or nothing: every error that it finds says file, document, line and
//! column. What it reads is bounded in number, size and depth, so that no input makes it panic, hang or
//! swell. It blocks, and runs before anything asynchronous does.
//!
//! Which configuration is meant:
//!
//! 1. `--config` means that kompoxops.yml.
//! 2. `--kom-path`, `--kom-app`, `KOMPOX_KOM_PATH` or `KOMPOX_KOM_APP` mean KOM.
//! 3. Otherwise KOM lies in `./kompoxapp.yml` and below `.kompox` (that of the current directory or of its nearest
//!    parent that has one), the other form in `./kompoxops.yml`. Where both are, that is an error which names both.
//!
//! KOM files are those of the first that applies: `--kom-path`, `KOMPOX_KOM_PATH`, `Defaults.spec.komPath` of the
//! app file, `komPath` of `.kompox/config.yml`, `.kompox/kom`; and the app file itself in any case. Relative paths
//! start from the current directory for flags and variables, and from the directory of the file that names them
//! otherwise. No variable is expanded in any value.

mod error;
mod fields;
mod files;
mod gather;
mod init;
mod kom;
mod limits;
mod load;
mod ops;
mod parse;
mod parts;
mod secrets;
mod sources;

pub use error::{ConfigError, ConfigErrors, Reason};
pub use fields::Ignored;
pub use init::init;
pub use load::{Loaded, load};
pub use secrets::SystemSecrets;
pub use sources::{Env, Sources, VARIABLES};
