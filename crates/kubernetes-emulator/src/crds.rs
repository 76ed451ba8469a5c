//! Kinds that CustomResourceDefinitions bring: each served version of one that is established is a kind.

use std::sync::Arc;

use kompox_emulator_core::store::Documents;
use serde_json::Value;

use super::kinds::{self, ALL, KINDS, Kind, KindRef, Names};
use super::objects::{Objects, Scope};
use super::schema::openapi;
use super::status::Problem;

/// What is served under this path.
pub(crate) fn by_path(
    documents: &Documents,
    uid: &str,
    group: &str,
    version: &str,
    resource: &str,
) -> Option<KindRef> {
    kinds::by_path(group, version, resource).or_else(|| {
        let definition = definition(documents, uid, &format!("{resource}.{group}"))?;
        of(&definition).into_iter().find(|kind| kind.version == version)
    })
}

/// The kind of an object, as its `apiVersion` and `kind` say.
pub(crate) fn by_object(documents: &Documents, uid: &str, object: &Value) -> Option<KindRef> {
    let (version, kind) = (object["apiVersion"].as_str()?, object["kind"].as_str()?);
    all(documents, uid)
        .into_iter()
        .find(|known| known.kind == kind && known.api_version() == version)
}

/// The kind by `deployments.apps` or `pods`.
pub(crate) fn by_name(documents: &Documents, uid: &str, name: &str) -> Option<KindRef> {
    KINDS
        .iter()
        .find(|kind| kind.qualified() == name)
        .cloned()
        .or_else(|| of(&definition(documents, uid, name)?).into_iter().next())
}

fn definition(documents: &Documents, uid: &str, name: &str) -> Option<Value> {
    let definitions = kinds::known("customresourcedefinitions");
    let prefix = Scope::of(&definitions, None).prefix(uid);
    documents.document(&format!("{prefix}/{name}"))
}

/// All kinds, in all versions.
pub(crate) fn all(documents: &Documents, uid: &str) -> Vec<KindRef> {
    let definitions = kinds::known("customresourcedefinitions");
    let prefix = Scope::of(&definitions, None).prefix(uid);
    let mut kinds = KINDS.clone();
    for (_, definition) in documents.below(&prefix) {
        kinds.extend(of(&definition.document()));
    }
    kinds
}

/// All kinds whose objects lie in namespaces, each once.
pub(crate) fn namespaced(objects: &Objects<'_>) -> Vec<KindRef> {
    let mut kinds = all(objects.documents, objects.uid());
    kinds.retain(|kind| kind.namespaced);
    kinds.dedup_by(|one, other| one.group == other.group && one.resource == other.resource);
    kinds
}

/// Whether a definition is served.
fn is_established(definition: &Value) -> bool {
    definition["status"]["conditions"]
        .as_array()
        .into_iter()
        .flatten()
        .any(|condition| condition["type"] == "Established" && condition["status"] == "True")
}

/// The kinds of a definition, the preferred one first.
pub(crate) fn of(definition: &Value) -> Vec<KindRef> {
    if !is_established(definition) {
        return Vec::new();
    }
    let spec = &definition["spec"];
    let names = &definition["status"]["acceptedNames"];
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let texts = |value: &Value| -> Vec<String> {
        value
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|name| name.as_str().map(str::to_owned))
            .collect()
    };
    let versions = spec["versions"].as_array().into_iter().flatten();
    let mut kinds: Vec<Kind> = versions
        .filter(|version| version["served"] == true)
        .map(|version| {
            let schema = version["schema"]["openAPIV3Schema"].clone();
            Kind {
                group: text(&spec["group"]),
                version: text(&version["name"]),
                kind: text(&names["kind"]),
                resource: text(&names["plural"]),
                singular: text(&names["singular"]),
                short: texts(&names["shortNames"]),
                categories: texts(&names["categories"]),
                namespaced: spec["scope"] == "Namespaced",
                verbs: ALL,
                fields: &[],
                names: Names::Subdomain,
                status: version["subresources"]["status"].is_object(),
                generation: true,
                schema: openapi::root(&schema),
                custom: Some(schema),
            }
        })
        .collect();
    // v2 before v1, v1 before v1beta1.
    kinds.sort_by_key(|kind| std::cmp::Reverse(rank(&kind.version)));
    kinds.into_iter().map(Arc::new).collect()
}

/// How much a version is preferred: stable ones before betas before alphas, then the higher number.
pub(crate) fn rank(version: &str) -> (u8, u32, u32) {
    let number = |text: &str| text.parse::<u32>().ok();
    let Some(rest) = version.strip_prefix('v') else {
        return (0, 0, 0);
    };
    for (stage, word) in [(2, "beta"), (1, "alpha")] {
        if let Some((major, minor)) = rest.split_once(word) {
            return (stage, number(major).unwrap_or(0), number(minor).unwrap_or(0));
        }
    }
    number(rest).map_or((0, 0, 0), |major| (3, major, 0))
}

/// What is wrong with a definition.
pub(crate) fn problems(definition: &Value, found: &mut Vec<Problem>) {
    let spec = &definition["spec"];
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let (name, group, plural) = (
        text(&definition["metadata"]["name"]),
        text(&spec["group"]),
        text(&spec["names"]["plural"]),
    );
    for (field, value) in [
        ("spec.group", &spec["group"]),
        ("spec.scope", &spec["scope"]),
        ("spec.names.plural", &spec["names"]["plural"]),
        ("spec.names.kind", &spec["names"]["kind"]),
    ] {
        if text(value).is_empty() {
            found.push(Problem::required(field));
        }
    }
    if name != format!("{plural}.{group}") {
        found.push(Problem::value(
            "metadata.name",
            &name.into(),
            "must be spec.names.plural+\".\"+spec.group",
        ));
    }
    if !matches!(spec["scope"].as_str(), None | Some("Namespaced" | "Cluster")) {
        let supported = ["\"Cluster\"".to_owned(), "\"Namespaced\"".to_owned()];
        found.push(Problem::unsupported("spec.scope", &spec["scope"], &supported));
    }
    let versions = spec["versions"].as_array().map(Vec::as_slice).unwrap_or_default();
    if versions
        .iter()
        .filter(|version| version["storage"] == true)
        .count()
        != 1
    {
        found.push(Problem::value(
            "spec.versions",
            &spec["versions"],
            "must have exactly one version marked as storage version",
        ));
    }
    for (index, version) in versions.iter().enumerate() {
        let schema = &version["schema"]["openAPIV3Schema"];
        if !schema.is_object() {
            found.push(Problem::required_for(
                &format!("spec.versions[{index}].schema.openAPIV3Schema"),
                "schemas are required",
            ));
        } else if schema["type"] != "object" {
            found.push(Problem::value(
                &format!("spec.versions[{index}].schema.openAPIV3Schema.type"),
                &schema["type"],
                "must be object at the root",
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::rank;

    #[test]
    fn stable_versions_come_before_betas_and_higher_before_lower() {
        let mut versions = ["v1alpha1", "v1", "v2beta1", "v10", "foo", "v1beta2"];
        versions.sort_by_key(|version| std::cmp::Reverse(rank(version)));
        assert_eq!(versions, ["v10", "v1", "v2beta1", "v1beta2", "v1alpha1", "foo"]);
    }
}
