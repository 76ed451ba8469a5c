//! The tags that make the cloud the only state there is.
//!
//! Tag names compare without case, tag values exactly.

/// On everything that takes tags.
pub const MANAGED_BY: &str = "managed-by";
/// The value of [`MANAGED_BY`].
pub const MANAGED_BY_KOMPOX: &str = "kompox";
/// `<workspace>/<provider>/<cluster>`, on everything of a cluster.
pub const CLUSTER: &str = "kompox-cluster";
/// A ULID made when the cluster was, the same on everything that proves its ownership.
pub const CREATED: &str = "kompox-created";
/// What the cluster was made from, as a hash: on the one thing that stands for all of it.
pub const HASH: &str = "kompox-hash";
/// On a cluster: the pools whose nodes do not know of a change yet, because they need a new image for it.
pub const NODE_IMAGES_DUE: &str = "kompox-node-images-due";
/// `<workspace>/<provider>/<app>`; a resource that carries another value is foreign.
pub const APP: &str = "kompox-app";
/// `<volume>-<idHASH>`.
pub const VOLUME: &str = "kompox-volume";
/// The name of the disk in its volume; on a snapshot, that of its source.
pub const DISK_NAME: &str = "kompox-disk-name";
/// `true` or `false`.
pub const DISK_ASSIGNED: &str = "kompox-disk-assigned";
/// A ULID: when the disk was assigned. The greatest wins.
pub const DISK_ASSIGNED_AT: &str = "kompox-disk-assigned-at";
/// The name of the snapshot in its volume.
pub const SNAPSHOT_NAME: &str = "kompox-snapshot-name";
