//! What an answer must be before anything follows from it: the object that was asked for, or a list of what was asked
//! for. Anything else is no answer: an object without a name is not «none», and no list is not an empty one.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ListMeta, ObjectMeta};
use kube::Resource;
use kube::api::DynamicObject;
use serde::Deserialize;

use crate::object::{ObjectId, Place, Scope};

/// What a listing is called that holds of each object only what all kinds have in common.
const METADATA_LIST: (&str, &str) = ("meta.k8s.io/v1", "PartialObjectMetadataList");

/// A list as it is answered. That of kube-rs is none here: it takes one without a kind for a list, and `null` for no items.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct List<K> {
    api_version: String,
    kind: String,
    metadata: Option<ListMeta>,
    items: Vec<K>,
}

/// One page of a listing.
#[derive(Debug)]
pub(super) struct Page<K> {
    pub(super) items: Vec<K>,
    /// What the next page is asked for with. None: this was the last.
    pub(super) next: Option<String>,
}

/// Whether this is the object that was asked for.
///
/// # Errors
/// What it is not.
pub(super) fn object(id: &ObjectId, found: &DynamicObject) -> Result<(), String> {
    let version = id.kind.api_version();
    let is_kind = |types: &kube::api::TypeMeta| types.api_version == version && types.kind == id.kind.kind;
    if !found.types.as_ref().is_some_and(is_kind) {
        return Err(format!("the answer is no {} of {version}", id.kind.kind));
    }
    let meta = &found.metadata;
    if meta.name.as_deref() != Some(id.name.as_str()) || namespace(meta) != id.namespace.as_deref() {
        return Err(format!("the answer is not {id}"));
    }
    Ok(())
}

/// What a page of a listing holds.
///
/// # Errors
/// Where it is no list of what was asked for, or names an object that was not asked for, or none.
pub(super) fn page<K: Resource>(place: &Place<'_>, list: List<K>) -> Result<Page<K>, String> {
    let (version, kind) = (list.api_version.as_str(), list.kind.as_str());
    let is_list = version == place.api_version() && kind.strip_suffix("List") == Some(place.kind);
    if !is_list && (version, kind) != METADATA_LIST {
        return Err(format!("the answer is no list of {}", place.plural));
    }
    for item in &list.items {
        element(place, item.meta())?;
    }
    let next = list.metadata.and_then(|metadata| metadata.continue_);
    Ok(Page {
        items: list.items,
        next: next.filter(|next| !next.is_empty()),
    })
}

/// Whether an element tells which object it is, and is one of those that were asked for.
fn element(place: &Place<'_>, meta: &ObjectMeta) -> Result<(), String> {
    if meta.name.as_deref().is_none_or(str::is_empty) {
        return Err(format!("something in the list of {} has no name", place.plural));
    }
    let fits = match (place.scope, namespace(meta)) {
        (Scope::Cluster, there) => there.is_none(),
        (Scope::Namespace(asked), there) => there == Some(asked),
        (Scope::Every, there) => there.is_some(),
    };
    if fits {
        Ok(())
    } else {
        Err(format!(
            "something in the list of {} is in another namespace than was asked for",
            place.plural
        ))
    }
}

/// The namespace that an object says it is in. One that is empty is none.
fn namespace(meta: &ObjectMeta) -> Option<&str> {
    meta.namespace
        .as_deref()
        .filter(|namespace| !namespace.is_empty())
}

#[cfg(test)]
mod tests {
    use kube::api::DynamicObject;
    use serde_json::json;

    use super::{List, page};
    use crate::object::{Place, Scope};

    #[test]
    fn a_list_is_one_of_the_kind_that_was_asked_for_whatever_its_plural() {
        let list = |asked: &str, plural: &str, version: &str, kind: &str| {
            let place = Place {
                group: "",
                version: "v1",
                kind: asked,
                plural,
                scope: Scope::Cluster,
            };
            let list = json!({"apiVersion": version, "kind": kind, "items": []});
            let list: List<DynamicObject> = serde_json::from_value(list).unwrap();
            page(&place, list).is_ok()
        };
        for (asked, plural) in [
            ("PersistentVolume", "persistentvolumes"),
            ("NetworkPolicy", "networkpolicies"),
            ("Endpoints", "endpoints"),
            ("Mouse", "mice"),
            ("PodMetrics", "pods"),
        ] {
            assert!(list(asked, plural, "v1", &format!("{asked}List")), "{asked}");
        }
        for (version, kind) in [
            ("v1", "List"),
            ("v1", "PodList"),
            ("v1", "PersistentVolumeClaimList"),
            ("v1", "PersistentVolume"),
            ("v2", "PersistentVolumeList"),
            ("v1", ""),
        ] {
            assert!(
                !list("PersistentVolume", "persistentvolumes", version, kind),
                "{version} {kind}"
            );
        }
        let metadata = "meta.k8s.io/v1";
        assert!(list(
            "PersistentVolume",
            "persistentvolumes",
            metadata,
            "PartialObjectMetadataList"
        ));
    }
}
