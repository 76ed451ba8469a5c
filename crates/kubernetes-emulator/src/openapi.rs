//! The API described as OpenAPI 3: an index, and a document for each group and version.

use serde_json::{Map, Value, json};

use super::kinds::{Kind, KindRef, Verb};
use super::schema::describe::Described;

/// What a write can be given in the query.
const OPTIONS: [&str; 4] = ["dryRun", "fieldManager", "fieldValidation", "force"];

/// The index: where the document of each group and version is.
pub(crate) fn index(kinds: &[KindRef], hash: &str) -> Value {
    let paths: Map<String, Value> = kinds
        .iter()
        .map(|kind| {
            let place = place(kind);
            let url = format!("/openapi/v3/{place}?hash={hash}");
            (place, json!({ "serverRelativeURL": url }))
        })
        .collect();
    json!({ "paths": paths })
}

/// The document of a group and version; `None` if nothing of it is served.
pub(crate) fn document(kinds: &[KindRef], group: &str, version: &str) -> Option<Value> {
    let mut schemas = Described::default();
    let mut paths = Map::new();
    for kind in kinds {
        if kind.group != group || kind.version != version {
            continue;
        }
        let name = schema(&mut schemas, kind);
        let all = match kind.namespaced {
            true => format!("/{}/namespaces/{{namespace}}/{}", place(kind), kind.resource),
            false => format!("/{}/{}", place(kind), kind.resource),
        };
        paths.insert(format!("{all}/{{name}}"), operations(kind, &name));
        paths.insert(all, json!({ "get": operation(kind, "list") }));
    }
    if paths.is_empty() {
        return None;
    }
    Some(json!({
        "openapi": "3.0.0",
        "info": { "title": "Kubernetes", "version": version },
        "paths": paths,
        "components": { "schemas": schemas.into_value() }
    }))
}

/// `api/v1`, `apis/apps/v1`.
fn place(kind: &Kind) -> String {
    let root = if kind.group.is_empty() { "api" } else { "apis" };
    format!("{root}/{}", kind.api_version())
}

/// Describes a kind, and says under which name.
fn schema(schemas: &mut Described, kind: &Kind) -> String {
    let of = json!({ "group": kind.group, "version": kind.version, "kind": kind.kind });
    let Some(custom) = &kind.custom else {
        schemas.named(&kind.kind);
        schemas.extend(&kind.kind, "x-kubernetes-group-version-kind", json!([of]));
        return kind.kind.clone();
    };
    let name = format!("{}.{}.{}", kind.group, kind.version, kind.kind);
    let mut schema = match custom {
        Value::Object(_) => custom.clone(),
        _ => json!({ "type": "object", "x-kubernetes-preserve-unknown-fields": true }),
    };
    schema["properties"]["apiVersion"] = json!({ "type": "string" });
    schema["properties"]["kind"] = json!({ "type": "string" });
    schema["properties"]["metadata"] = json!({ "allOf": [schemas.named("ObjectMeta")] });
    schema["x-kubernetes-group-version-kind"] = json!([of]);
    schemas.insert(&name, schema);
    name
}

fn operation(kind: &Kind, action: &str) -> Value {
    json!({
        "x-kubernetes-action": action,
        "x-kubernetes-group-version-kind": { "group": kind.group, "version": kind.version, "kind": kind.kind },
        "responses": { "200": { "description": "OK" } }
    })
}

/// What can be done with one object.
fn operations(kind: &Kind, name: &str) -> Value {
    let reference = json!({ "$ref": format!("#/components/schemas/{name}") });
    let mut operations = Map::new();
    for (verb, method) in [
        (Verb::Get, "get"),
        (Verb::Update, "put"),
        (Verb::Patch, "patch"),
        (Verb::Delete, "delete"),
    ] {
        if !kind.verbs.contains(&verb) {
            continue;
        }
        let mut operation = operation(kind, verb.name());
        operation["responses"]["200"]["content"] = json!({ "application/json": { "schema": reference } });
        if matches!(verb, Verb::Update | Verb::Patch) {
            let options = OPTIONS
                .iter()
                .filter(|name| verb == Verb::Patch || **name != "force");
            operation["parameters"] = options
                .map(|name| json!({ "name": name, "in": "query", "schema": { "type": "string", "uniqueItems": true } }))
                .collect();
        }
        if verb == Verb::Patch {
            let kinds = super::write::patches(kind);
            let content: Map<String, Value> = kinds
                .iter()
                .map(|media| ((*media).to_owned(), json!({ "schema": { "type": "object" } })))
                .collect();
            operation["requestBody"] = json!({ "required": true, "content": content });
        }
        operations.insert(method.to_owned(), operation);
    }
    Value::Object(operations)
}
