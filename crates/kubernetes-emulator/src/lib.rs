//! The README of this package is the documentation of the crate.

#![doc = include_str!("../README.md")]

mod access;
mod admission;
mod cluster;
mod controllers;
mod crds;
mod defaults;
mod delete;
mod discovery;
mod endpoint;
pub mod handles;
mod history;
mod kinds;
pub mod kubeconfig;
mod lifecycle;
mod logs;
mod namespaces;
mod objects;
mod openapi;
mod patch;
mod protobuf;
mod read;
mod request;
mod response;
mod scale;
mod schema;
mod seed;
mod selectors;
mod server;
mod ssa;
mod status;
mod storage;
mod table;
mod tls;
mod validate;
mod watch;
mod write;

pub use cluster::{Authorization, Cluster, ClusterOwner, Pace};
pub use endpoint::{Endpoint, find};
pub use lifecycle::{at, close, open, set_answering};
pub use response::Response;
pub use server::{Peer, handle, is_kubernetes, misdirected};
pub use status::forced;
pub use tls::{Tls, cluster_name};
pub use watch::{News, Stream};
