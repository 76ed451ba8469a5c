//! Checks that several types share.

use kompox_emulator_core::json::fields;
use serde_json::{Map, Value, json};

use crate::arm::error::{ArmError, ArmResult};
use crate::arm::id::ResourceId;
use crate::arm::providers::{REGIONS, Region, find_region};
use crate::arm::tags;
use crate::context::RequestContext;

/// The region of a new or existing resource: asked for at creation, unchangeable after.
pub(crate) fn region(id: &ResourceId, existing: Option<&Value>, body: &Value) -> ArmResult<&'static Region> {
    let there = existing.and_then(|document| document["location"].as_str());
    let Some(location) = body["location"].as_str() else {
        return Err(ArmError::new(
            400,
            "LocationRequired",
            "The location property is required for this definition.",
        ));
    };
    let region = find_region(location).ok_or_else(|| {
        ArmError::new(
            400,
            "LocationNotAvailableForResourceType",
            format!(
                "The provided location '{location}' is not available for resource type '{}'. List of available \
                 regions for the resource type is '{}'.",
                id.kind(),
                REGIONS.each_ref().map(|region| region.name).join(",")
            ),
        )
    })?;
    match there {
        Some(there) if there != region.name => Err(ArmError::new(
            409,
            "InvalidResourceLocation",
            format!(
                "The resource '{}' already exists in location '{there}' in resource group '{}'. A resource with the \
                 same name cannot be created in location '{}'. Please select a new resource name.",
                id.name(),
                id.group.as_deref().unwrap_or_default(),
                region.name
            ),
        )),
        _ => Ok(region),
    }
}

/// Puts the tags of a body into a document; without any the document keeps its own.
pub(crate) fn take_tags(document: &mut Value, body: &Value) -> ArmResult<()> {
    let Some(new) = tags::from_body(body.get("tags"))? else {
        return Ok(());
    };
    let current = match document.get("tags") {
        Some(Value::Object(current)) => current.clone(),
        _ => Map::new(),
    };
    let new = tags::with_first_casing(&current, &new);
    fields(document).insert("tags".to_owned(), Value::Object(new));
    Ok(())
}

/// An optional object member; anything else there is malformed.
pub(crate) fn object_member<'a>(body: &'a Value, name: &str) -> ArmResult<Option<&'a Map<String, Value>>> {
    match body.get(name) {
        None => Ok(None),
        Some(Value::Object(member)) => Ok(Some(member)),
        Some(_) => Err(ArmError::content(&format!("'{name}' must be an object"))),
    }
}

/// An optional whole number; anything else there is malformed.
pub(crate) fn integer(properties: &Map<String, Value>, name: &str) -> ArmResult<Option<i64>> {
    match properties.get(name) {
        None => Ok(None),
        Some(value) => value
            .as_i64()
            .map(Some)
            .ok_or_else(|| ArmError::content(&format!("could not convert '{name}' to an integer"))),
    }
}

/// An optional string; anything else there is malformed.
pub(crate) fn string<'a>(properties: &'a Map<String, Value>, name: &str) -> ArmResult<Option<&'a str>> {
    match properties.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(ArmError::content(&format!("'{name}' must be a string"))),
    }
}

/// Location `global`, which resources outside regions have.
pub(crate) fn global(id: &ResourceId, body: &Value) -> ArmResult<()> {
    let location = body["location"].as_str().ok_or_else(|| {
        ArmError::new(
            400,
            "LocationRequired",
            "The location property is required for this definition.",
        )
    })?;
    if location.eq_ignore_ascii_case("global") {
        return Ok(());
    }
    Err(ArmError::new(
        400,
        "LocationNotAvailableForResourceType",
        format!(
            "The provided location '{location}' is not available for resource type '{}'. List of available regions for \
             the resource type is 'global'.",
            id.kind()
        ),
    ))
}

/// `properties` of a body; empty where there are none.
pub(crate) fn properties(body: &Value) -> ArmResult<Map<String, Value>> {
    Ok(object_member(body, "properties")?.cloned().unwrap_or_default())
}

/// Refuses members that nobody knows, by name: a typing error must not pass for a setting.
pub(crate) fn known(properties: &Map<String, Value>, what: &str, known: &[&str]) -> ArmResult<()> {
    match properties.keys().find(|name| !known.contains(&name.as_str())) {
        None => Ok(()),
        Some(name) => Err(ArmError::content(&format!(
            "Could not find member '{name}' on object of type '{what}'. Path 'properties.{name}'."
        ))),
    }
}

/// Reads an optional word of a list, in the list's own spelling.
pub(crate) fn word(
    properties: &Map<String, Value>,
    name: &str,
    words: &[&'static str],
) -> ArmResult<Option<&'static str>> {
    let Some(sent) = string(properties, name)? else {
        return Ok(None);
    };
    words
        .iter()
        .find(|word| word.eq_ignore_ascii_case(sent))
        .map(|word| Some(*word))
        .ok_or_else(|| {
            ArmError::new(
                400,
                "BadRequest",
                format!(
                    "The value '{sent}' of '{name}' is invalid. Allowed values are '{}'.",
                    words.join("', '")
                ),
            )
        })
}

/// An optional truth value; anything else there is malformed.
pub(crate) fn boolean(properties: &Map<String, Value>, name: &str) -> ArmResult<Option<bool>> {
    match properties.get(name) {
        None => Ok(None),
        Some(Value::Bool(value)) => Ok(Some(*value)),
        Some(_) => Err(ArmError::content(&format!("'{name}' must be true or false"))),
    }
}

/// A document with location and tags: those of the body, or what is there already.
pub(crate) fn located(id: &ResourceId, existing: Option<&Value>, body: &Value) -> ArmResult<Value> {
    let region = region(id, existing, body)?;
    let mut document = tagged(existing, body)?;
    document["location"] = region.name.into();
    Ok(document)
}

/// A document with the tags of the body, or those that are there already.
pub(crate) fn tagged(existing: Option<&Value>, body: &Value) -> ArmResult<Value> {
    let mut document = json!({});
    if let Some(tags) = existing.and_then(|existing| existing.get("tags")) {
        document["tags"] = tags.clone();
    }
    take_tags(&mut document, body)?;
    Ok(document)
}

/// A name that is taken in the whole cloud, by whoever has it: a live resource of this type elsewhere, in whichever
/// subscription.
pub(crate) fn taken_by<'a>(cx: &'a RequestContext<'_>, kind: &str, id: &ResourceId) -> Option<&'a str> {
    let (key, ending) = (id.key(), format!("/{}", id.name().to_lowercase()));
    cx.state
        .documents
        .of_type(kind, "/subscriptions", None)
        .map(|(other, _)| &**other)
        .find(|other| *other != key && other.ends_with(&ending))
}

/// PATCH that takes tags only.
pub(crate) fn tags_patch(existing: &Value, body: &Value) -> ArmResult<Value> {
    let mut document = existing.clone();
    take_tags(&mut document, body)?;
    Ok(document)
}
