//! Tags: their limits, and the tags API that merges, replaces and deletes them at any scope.

use std::collections::BTreeMap;

use http::Method;
use kompox_emulator_core::json;
use kompox_emulator_core::reply::Reply;
use kompox_emulator_core::store::State;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::error::{ArmError, ArmResult};
use super::id::ResourceId;
use super::{groups, locks};
use crate::accept;
use crate::context::RequestContext;
use crate::operation::{self, Operation, Work};

/// Tags of one resource.
pub(crate) type Tags = Map<String, Value>;

const MAX_TAGS: usize = 50;
const MAX_NAME: usize = 512;
const MAX_VALUE: usize = 256;
const RESERVED: &[char] = &['<', '>', '%', '&', '\\', '?', '/'];
/// What a request to the tags API does to the tags.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct TagChange {
    operation: TagOperation,
    tags: Tags,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum TagOperation {
    Merge,
    Replace,
    Delete,
}

impl TagChange {
    /// The tags after the change.
    fn result(&self, current: &Tags) -> Tags {
        match self.operation {
            TagOperation::Replace => with_first_casing(current, &self.tags),
            TagOperation::Merge => {
                let mut tags = current.clone();
                for (name, value) in &self.tags {
                    let name = existing_name(&tags, name).unwrap_or(name).to_owned();
                    tags.insert(name, value.clone());
                }
                tags
            }
            TagOperation::Delete => {
                let mut tags = current.clone();
                tags.retain(|name, value| {
                    // A pair goes if its name is given, with its value or with none.
                    !self.tags.iter().any(|(gone, wanted)| {
                        gone.eq_ignore_ascii_case(name) && (wanted == value || wanted.as_str() == Some(""))
                    })
                });
                tags
            }
        }
    }

    /// Does it, to the tags as they are now: a merge loses nothing that came between.
    pub(crate) fn apply(&self, state: &mut State, key: &str, now: i64) {
        let tags = self.result(&current(state, key));
        let kind = match state.documents.get(key) {
            Some(resource) => resource.kind.clone(),
            None if is_subscription(key) => "microsoft.resources/subscriptions".into(),
            None => return,
        };
        let mut document = state
            .documents
            .document(key)
            .unwrap_or_else(|| json!({ "id": key }));
        json::fields(&mut document).insert("tags".to_owned(), Value::Object(tags));
        state.documents.put(key, &kind, &document, now);
    }
}

fn is_subscription(key: &str) -> bool {
    key.matches('/').count() == 2
}

fn existing_name<'a>(tags: &'a Tags, name: &str) -> Option<&'a str> {
    tags.keys()
        .find(|known| known.eq_ignore_ascii_case(name))
        .map(String::as_str)
}

/// New tags under the names they first had: names compare without case and keep their first casing.
pub(crate) fn with_first_casing(current: &Tags, new: &Tags) -> Tags {
    new.iter()
        .map(|(name, value)| {
            (
                existing_name(current, name).unwrap_or(name).to_owned(),
                value.clone(),
            )
        })
        .collect()
}

/// The tags of a stored resource.
pub(crate) fn current(state: &State, key: &str) -> Tags {
    match state.documents.document(key) {
        Some(Value::Object(mut document)) => match document.remove("tags") {
            Some(Value::Object(tags)) => tags,
            _ => Tags::new(),
        },
        _ => Tags::new(),
    }
}

/// The tags resource of a scope.
pub(crate) fn document(state: &State, key: &str) -> Value {
    let id = state
        .documents
        .document(key)
        .and_then(|document| document["id"].as_str().map(str::to_owned))
        .unwrap_or_else(|| key.to_owned());
    json!({
        "id": format!("{id}/providers/Microsoft.Resources/tags/default"),
        "name": "default",
        "type": "Microsoft.Resources/tags",
        "properties": { "tags": current(state, key) }
    })
}

/// Reads `tags` of a request body, within the limits.
pub(crate) fn from_body(tags: Option<&Value>) -> ArmResult<Option<Tags>> {
    let Some(tags) = tags else { return Ok(None) };
    let Value::Object(tags) = tags else {
        return Err(ArmError::content("'tags' must be an object"));
    };
    check(tags)?;
    Ok(Some(tags.clone()))
}

/// Refuses tags beyond the limits.
fn check(tags: &Tags) -> ArmResult<()> {
    if tags.len() > MAX_TAGS {
        return Err(ArmError::new(
            400,
            "InvalidTags",
            format!(
                "The number of tags '{}' exceeds the limit of '{MAX_TAGS}' tags per resource.",
                tags.len()
            ),
        ));
    }
    for (name, value) in tags {
        let Some(value) = value.as_str() else {
            return Err(ArmError::content("the value of a tag must be a string"));
        };
        if name.trim().is_empty() {
            return Err(ArmError::new(
                400,
                "InvalidTagName",
                "The tag name must be non-null, non-empty and non-whitespace only.",
            ));
        }
        if name.contains(RESERVED) || name.chars().any(char::is_control) {
            return Err(ArmError::new(
                400,
                "InvalidTagNameCharacters",
                format!(
                    "The tag names '{name}' have reserved characters '<,>,%,&,\\,?,/' or control characters."
                ),
            ));
        }
        if name.chars().count() > MAX_NAME {
            return Err(ArmError::new(
                400,
                "InvalidTagName",
                format!(
                    "Tag name too large. Following tag name '{name}' exceeded the maximum length. Maximum allowed length for tag name - '{MAX_NAME}' characters."
                ),
            ));
        }
        if value.chars().count() > MAX_VALUE {
            return Err(ArmError::new(
                400,
                "InvalidTagValue",
                format!(
                    "Tag value too large. Following tag value '{value}' exceeded the maximum length. Maximum allowed length for tag value - '{MAX_VALUE}' characters."
                ),
            ));
        }
        if tags
            .keys()
            .filter(|other| other.eq_ignore_ascii_case(name))
            .count()
            > 1
        {
            return Err(ArmError::new(
                400,
                "DuplicateTagNames",
                format!("The tag name '{name}' is given more than once."),
            ));
        }
    }
    Ok(())
}

/// `{scope}/providers/Microsoft.Resources/tags/default`.
pub(crate) fn handle(cx: &mut RequestContext<'_>, scope: &ResourceId) -> ArmResult<Reply> {
    let region = &cx.environment.options.region;
    super::version::supported(
        cx.request,
        "Microsoft.Resources",
        "tags",
        super::api_versions::TAGS,
        region,
    )?;
    let method = cx.request.method.clone();
    let action = match method {
        Method::GET => "read",
        Method::PUT | Method::PATCH => "write",
        Method::DELETE => "delete",
        _ => return Err(ArmError::method(&method)),
    };
    cx.authorize(&format!("Microsoft.Resources/tags/{action}"), &scope.to_string())?;
    groups::check_scope(cx, scope)?;
    let key = scope.key();
    if method == Method::GET {
        operation::look_at_target(cx.state, &key);
        return Ok(Reply::json(200, &document(cx.state, &key)));
    }
    // The tags are part of what they are on: a lock there that forbids writing forbids this.
    locks::check(cx, scope, locks::Intent::Write)?;
    groups::check_not_deleting(cx, scope)?;
    let change = change(cx)?;
    check(&change.result(&current(cx.state, &key)))?;
    let slow = cx.environment.options.timing.tags;
    if slow.is_none() && cx.fault.is_none() {
        change.apply(cx.state, &key, cx.now);
        return Ok(Reply::json(200, &document(cx.state, &key)));
    }
    let course = cx.course(slow.unwrap_or_default());
    let path = format!("/subscriptions/{}", cx.subscription());
    let operation = Operation::start(
        key,
        Work::Tags(change),
        format!("{path}/operationstatuses"),
        format!("{path}/operationresults"),
        cx.now,
        course,
    );
    Ok(accept::reply(cx, operation, &accept::Answer::tags()))
}

/// `GET /subscriptions/{s}/tagNames`: names and values in use on groups and resources, with their number.
pub(crate) fn names(cx: &RequestContext<'_>) -> ArmResult<Reply> {
    if cx.request.method != Method::GET {
        return Err(ArmError::method(&cx.request.method));
    }
    let region = &cx.environment.options.region;
    super::version::supported(
        cx.request,
        "Microsoft.Resources",
        "tagNames",
        super::api_versions::GROUPS,
        region,
    )?;
    let scope = ResourceId::of_subscription(cx.subscription());
    cx.authorize(
        "Microsoft.Resources/subscriptions/tagNames/read",
        &scope.to_string(),
    )?;
    let mut names: BTreeMap<String, (String, BTreeMap<String, usize>)> = BTreeMap::new();
    for (_, resource) in cx.state.documents.after(&scope.key(), None) {
        let document = resource.document();
        for (name, value) in document["tags"].as_object().into_iter().flatten() {
            let (_, values) = names
                .entry(name.to_lowercase())
                .or_insert_with(|| (name.clone(), BTreeMap::new()));
            *values
                .entry(value.as_str().unwrap_or_default().to_owned())
                .or_default() += 1;
        }
    }
    let count = |number: usize| json!({ "type": "Total", "value": number });
    let value: Vec<Value> = names
        .into_values()
        .map(|(name, values)| {
            let id = format!("{scope}/tagNames/{name}");
            let total = values.values().sum();
            let values: Vec<Value> = values
                .into_iter()
                .map(|(value, number)| {
                    json!({ "id": format!("{id}/tagValues/{value}"), "tagValue": value, "count": count(number) })
                })
                .collect();
            json!({ "id": id, "tagName": name, "count": count(total), "values": values })
        })
        .collect();
    Ok(Reply::json(200, &json!({ "value": value })))
}

fn change(cx: &RequestContext<'_>) -> ArmResult<TagChange> {
    if cx.request.method == Method::DELETE {
        return Ok(TagChange {
            operation: TagOperation::Replace,
            tags: Tags::new(),
        });
    }
    let body = cx.request.json()?;
    let tags = match body
        .get("properties")
        .and_then(|properties| properties.get("tags"))
    {
        None => Tags::new(),
        Some(Value::Object(tags)) => tags.clone(),
        Some(_) => return Err(ArmError::content("'properties.tags' must be an object")),
    };
    if cx.request.method == Method::PUT {
        return Ok(TagChange {
            operation: TagOperation::Replace,
            tags,
        });
    }
    let operation = match body["operation"].as_str().map(str::to_ascii_lowercase).as_deref() {
        Some("merge") => TagOperation::Merge,
        Some("replace") => TagOperation::Replace,
        Some("delete") => TagOperation::Delete,
        _ => {
            return Err(ArmError::new(
                400,
                "InvalidTagsPatchOperation",
                "The 'operation' of a tags patch must be one of 'Replace', 'Merge', 'Delete'.",
            ));
        }
    };
    Ok(TagChange { operation, tags })
}
