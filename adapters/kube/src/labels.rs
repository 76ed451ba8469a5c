//! What objects of ours are told apart by: said once, for everything that writes or looks for them.

/// The label that says who looks after an object.
pub const MANAGED_BY: &str = "app.kubernetes.io/managed-by";
/// Our name: the value of [`MANAGED_BY`], and the field manager of what is applied.
pub const MANAGER: &str = "kompoxops";
/// The label that says what an object is of.
pub const NAME: &str = "app.kubernetes.io/name";
/// The label that says of which one of several.
pub const INSTANCE: &str = "app.kubernetes.io/instance";
/// The label that says which part it is.
pub const COMPONENT: &str = "app.kubernetes.io/component";
/// The annotation that says for which cluster of a configuration an object was made: `<ws>/<prv>/<cls>`. An
/// annotation, as it is no value of a label.
pub const CLUSTER: &str = "ops.kompox.dev/cluster";
/// The annotation with the hash of what an object should be.
pub const HASH: &str = "ops.kompox.dev/hash";
/// The annotation of pods with the hash of which certificates they mount: pods that mount others are other pods.
pub const CERTIFICATES: &str = "ops.kompox.dev/certificates";
/// The annotation with the hash of which objects there should be.
pub const OBJECTS: &str = "ops.kompox.dev/objects";
