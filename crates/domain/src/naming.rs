//! Deterministic names. There is no state file: whoever knows the configuration knows the names.

use sha1::{Digest as _, Sha1};

use crate::name::{Label, VolumeName};

/// What stands for an absent workspace in hashes, tags and names.
pub const NO_WORKSPACE: &str = "(nil)";

/// The first `digits` hexadecimal digits of the SHA-1 of a text, at most 40.
#[must_use]
pub fn hex_digest(text: &str, digits: usize) -> String {
    let digest = Sha1::digest(text.as_bytes());
    digest
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .take(digits)
        .filter_map(|d| char::from_digit(d.into(), 16))
        .collect()
}

/// The first six hexadecimal digits of a SHA-1, enough to tell resources apart by eye.
///
/// It is never lengthened when two collide: the `kompox-app` tag tells whose a resource is.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ShortHash(String);

impl ShortHash {
    fn of(text: &str) -> Self {
        Self(hex_digest(text, 6))
    }

    /// The six digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for ShortHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

fn workspace_text(workspace: Option<&Label>) -> &str {
    workspace.map_or(NO_WORKSPACE, Label::as_str)
}

/// idHASH: identifies an app, over `<ws>:<prv>:<app>`.
#[must_use]
pub fn id_hash(workspace: Option<&Label>, provider: &Label, app: &Label) -> ShortHash {
    ShortHash::of(&format!("{}:{provider}:{app}", workspace_text(workspace)))
}

/// clHASH: identifies a cluster, over `<ws>:<prv>:<cls>`.
#[must_use]
pub fn cluster_hash(workspace: Option<&Label>, provider: &Label, cluster: &Label) -> ShortHash {
    ShortHash::of(&format!("{}:{provider}:{cluster}", workspace_text(workspace)))
}

/// inHASH: identifies an app in one cluster, over `<ws>:<prv>:<cls>:<app>`.
#[must_use]
pub fn instance_hash(workspace: Option<&Label>, provider: &Label, cluster: &Label, app: &Label) -> ShortHash {
    ShortHash::of(&format!(
        "{}:{provider}:{cluster}:{app}",
        workspace_text(workspace)
    ))
}

/// volHASH: identifies a disk by its handle (which is lower-cased first).
#[must_use]
pub fn volume_hash(handle: &str) -> ShortHash {
    ShortHash::of(&handle.to_lowercase())
}

/// `<ws>/<prv>/<name>`: the value of `kompox-app` and `kompox-cluster`.
#[must_use]
pub fn path(workspace: Option<&Label>, provider: &Label, name: &Label) -> String {
    format!("{}/{provider}/{name}", workspace_text(workspace))
}

/// `<vol>-<idHASH>`: the value of `kompox-volume`.
#[must_use]
pub fn volume_key(volume: &VolumeName, id_hash: &ShortHash) -> String {
    format!("{volume}-{id_hash}")
}

/// `<vol>-<idHASH>-<name>`: what a disk or snapshot is called in the cloud.
#[must_use]
pub fn item_resource_name(volume: &VolumeName, id_hash: &ShortHash, item: &impl std::fmt::Display) -> String {
    format!("{volume}-{id_hash}-{item}")
}

/// `kompox-<vol>-<idHASH>-<volHASH>`: the PersistentVolume and its claim for one disk.
#[must_use]
pub fn persistent_volume_name(volume: &VolumeName, id_hash: &ShortHash, handle: &str) -> String {
    format!("kompox-{volume}-{id_hash}-{}", volume_hash(handle))
}

/// `kompox-<app>-<idHASH>`: the namespace of an app unless told otherwise.
#[must_use]
pub fn app_namespace(app: &Label, id_hash: &ShortHash) -> String {
    format!("kompox-{app}-{id_hash}")
}

/// `kompox-<cls>-<clHASH>`: the context of a cluster in kubeconfig files, and its cluster and user there.
///
/// It does not follow the cloud's name of the cluster: made anew, the cluster is the same to whoever uses it.
#[must_use]
pub fn kubeconfig_name(cluster: &Label, cluster_hash: &ShortHash) -> String {
    format!("kompox-{cluster}-{cluster_hash}")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn label(text: &str) -> Label {
        text.parse().unwrap()
    }

    #[test]
    fn hashes_match_the_known_answers() {
        let (ws, prv, app, cls) = (label("ws1"), label("prv1"), label("app1"), label("c1"));
        assert_eq!(id_hash(Some(&ws), &prv, &app).as_str(), "034d4d");
        assert_eq!(id_hash(None, &prv, &app).as_str(), "bb5968");
        assert_eq!(cluster_hash(Some(&ws), &prv, &cls).as_str(), "c925e0");
        assert_eq!(instance_hash(Some(&ws), &prv, &cls, &app).as_str(), "89f029");
    }

    #[test]
    fn a_digest_has_as_many_digits_as_asked_for_and_never_more_than_there_are() {
        // The known answer of SHA-1 for "abc", from FIPS 180.
        let whole = "a9993e364706816aba3e25717850c26c9cd0d89d";
        for (asked, expected) in [(0, ""), (1, "a"), (7, "a9993e3"), (40, whole), (41, whole)] {
            assert_eq!(hex_digest("abc", asked), expected, "{asked}");
        }
    }

    #[test]
    fn a_path_names_the_workspace_the_provider_and_the_thing_and_an_absent_workspace_is_nil() {
        let (ws, prv, app) = (label("ws1"), label("prv1"), label("app1"));
        assert_eq!(path(Some(&ws), &prv, &app), "ws1/prv1/app1");
        assert_eq!(path(None, &prv, &app), "(nil)/prv1/app1");
    }

    #[test]
    fn a_handle_hashes_the_same_in_any_case() {
        assert_eq!(
            volume_hash("/Subscriptions/S/disks/D"),
            volume_hash("/subscriptions/s/disks/d")
        );
    }

    #[test]
    fn names_are_built_from_volume_hash_and_item() {
        let hash = id_hash(None, &label("prv1"), &label("app1"));
        let volume: VolumeName = "db".parse().unwrap();
        assert_eq!(volume_key(&volume, &hash), "db-bb5968");
        assert_eq!(item_resource_name(&volume, &hash, &"first"), "db-bb5968-first");
        assert_eq!(app_namespace(&label("app1"), &hash), "kompox-app1-bb5968");
        assert_eq!(
            persistent_volume_name(&volume, &hash, "/disks/D"),
            "kompox-db-bb5968-b871e6"
        );
        assert_ne!(
            persistent_volume_name(&volume, &hash, "/disks/d"),
            persistent_volume_name(&volume, &hash, "/disks/e")
        );
        let hash = cluster_hash(Some(&label("ws1")), &label("prv1"), &label("c1"));
        assert_eq!(kubeconfig_name(&label("c1"), &hash), "kompox-c1-c925e0");
    }

    proptest! {
        #[test]
        fn a_persistent_volume_has_a_valid_name_however_its_handle_is_spelt(
            volume in "[a-z0-9]([-a-z0-9]{0,14}[a-z0-9])?",
            app in "[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?",
            handle in "\\PC{1,200}",
        ) {
            let hash = id_hash(None, &label("prv1"), &label(&app));
            let volume: VolumeName = volume.parse().unwrap();
            let name = persistent_volume_name(&volume, &hash, &handle);
            prop_assert!(name.parse::<Label>().is_ok(), "{}", name);
            prop_assert_eq!(&name, &persistent_volume_name(&volume, &hash, &handle.to_lowercase()));
        }
    }
}
