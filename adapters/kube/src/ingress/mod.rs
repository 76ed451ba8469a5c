//! The ingress of one cluster: looked at, installed, waited for, uninstalled.
//!
//! ```text
//! let ingress = Ingress::new(&client, &cx, &traefik)?;
//! let mut look = ingress.look().await?;          // reads each object once
//! let plan = look.plan();                        // what would change, and what stands in the way
//! ingress.prepare(&mut look, force).await?;      // namespace, service account, access to vaults
//! // … what the cloud has to know of the service account …
//! ingress.install(&mut look, force).await?;      // everything else, and away with what is no longer wanted
//! let address = ingress.wait(&look).await?;      // available, and with an address
//! ```

mod conflicts;
mod contents;
mod default_class;
mod diagnosis;
mod installation;
mod prune;
mod uninstall;
mod wait;

pub use self::default_class::DefaultClasses;
pub use self::installation::{Ingress, Look};
pub use self::uninstall::{UninstallOptions, uninstall};
pub use self::wait::IngressAddress;
