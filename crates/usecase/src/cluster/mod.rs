//! Clusters: one file per verb.

mod status;

pub use status::{ClusterOutcome, status, status_all};
