//! What an answer must be before anything follows from it: the object that was asked for, or a list of what was asked
//! for. Anything else is no answer: an object without a name is not «none», and no list is not an empty one.

use serde_json::Value;

use crate::object::{ObjectId, Place, Scope};

/// What a listing is called that holds of each object only what all kinds have in common.
const METADATA_LIST: (&str, &str) = ("meta.k8s.io/v1", "PartialObjectMetadataList");

/// One page of a listing.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) items: Vec<Value>,
    /// What the next page is asked for with. Empty: this was the last.
    pub(super) next: String,
}

/// Whether this is the object that was asked for.
///
/// # Errors
/// What it is not.
pub(super) fn object(id: &ObjectId, value: &Value) -> Result<(), String> {
    let version = id.kind.api_version();
    if value["apiVersion"] != version || value["kind"] != id.kind.kind {
        return Err(format!("the answer is no {} of {version}", id.kind.kind));
    }
    if value["metadata"]["name"] != id.name || namespace(value) != id.namespace.as_deref() {
        return Err(format!("the answer is not {id}"));
    }
    Ok(())
}

/// What a page of a listing holds.
///
/// # Errors
/// Where it is none, or names an object that was not asked for, or none.
pub(super) fn page(place: &Place<'_>, mut value: Value) -> Result<Page, String> {
    let (version, kind) = (&value["apiVersion"], kind(&value));
    let is_list = *version == place.api_version() && kind.strip_suffix("List") == Some(place.kind);
    let is_metadata = *version == METADATA_LIST.0 && kind == METADATA_LIST.1;
    if !(is_list || is_metadata) {
        return Err(format!("the answer is no list of {}", place.plural));
    }
    let next = match &value["metadata"]["continue"] {
        Value::Null => String::new(),
        Value::String(next) => next.clone(),
        _ => return Err("nobody can ask for the next page of the list".to_owned()),
    };
    let Some(Value::Array(items)) = value.get_mut("items").map(Value::take) else {
        return Err(format!("the list of {} holds no items", place.plural));
    };
    for item in &items {
        element(place, item)?;
    }
    Ok(Page { items, next })
}

/// Whether an element tells which object it is, and is one of those that were asked for.
fn element(place: &Place<'_>, item: &Value) -> Result<(), String> {
    if item["metadata"]["name"].as_str().is_none_or(str::is_empty) {
        return Err(format!("something in the list of {} has no name", place.plural));
    }
    let fits = match (place.scope, namespace(item)) {
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

/// The elements of a document of discovery, which tells what an API server serves.
///
/// # Errors
/// Where it is none.
pub(super) fn document(what: &str, member: &str, mut value: Value) -> Result<Vec<Value>, String> {
    if kind(&value) != what {
        return Err(format!("the answer is no {what}"));
    }
    match value.get_mut(member).map(Value::take) {
        Some(Value::Array(list)) => Ok(list),
        _ => Err(format!("the {what} holds no {member}")),
    }
}

fn kind(value: &Value) -> &str {
    value["kind"].as_str().unwrap_or_default()
}

/// The namespace that an object says it is in. One that is empty is none.
fn namespace(object: &Value) -> Option<&str> {
    object["metadata"]["namespace"]
        .as_str()
        .filter(|namespace| !namespace.is_empty())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::page;
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
            page(&place, json!({"apiVersion": version, "kind": kind, "items": []})).is_ok()
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
