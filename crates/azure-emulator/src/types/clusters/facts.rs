//! What AKS decides about every cluster alike.

/// What a cluster gets that asks for none: the newest but one.
pub(crate) const DEFAULT_VERSION: &str = "1.36.2";

/// The name of a pool's scale set, which its nodes begin with: `aks-{pool}-{8 digits}-vmss`.
pub(crate) fn scale_set_name(pool: &str, uid: &str) -> String {
    let hash = uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_OID, uid.as_bytes()).as_u128();
    format!("aks-{pool}-{:08}-vmss", hash % 100_000_000)
}
