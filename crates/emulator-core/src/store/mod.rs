//! The generic store: documents, operations, settings and records, in memory or in a database.
//!
//! What a record means, the store does not know. A change is visible to others at once and acknowledged to its
//! author when it is on disk.

mod database;
mod documents;
mod journal;
mod kept;
mod operations;
mod records;
mod resource;
mod session;
mod settings;
mod state;

pub use documents::Documents;
pub use operations::{Operation, Operations};
pub use records::Records;
pub use resource::Resource;
pub use session::{Session, Store};
pub use settings::Settings;
pub use state::State;
