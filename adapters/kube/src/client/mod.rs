//! A client for the API server of one cluster.

mod answer;
mod connect;
mod error;
mod expect;
mod kube_client;
mod objects;
mod queries;
mod repeat;
mod texts;

pub use error::{KubeError, Trouble};
pub use kube_client::KubeClient;

#[cfg(test)]
mod hostile;
#[cfg(test)]
mod tests;
