//! What others write into the store behind everybody's back: no lock, no permission, no validation.

use kompox_emulator_core::faults::{Race, RacingWrite};
use kompox_emulator_core::json;
use kompox_emulator_core::store::State;
use serde_json::{Map, Value};

use crate::arm::id::ResourceId;

/// Does what the other writer of a race does.
pub(crate) fn racing_write(state: &mut State, path: &str, race: &Race, now: i64) {
    let Some(id) = ResourceId::parse(race.id.as_deref().unwrap_or(path)) else {
        return;
    };
    let key = id.key();
    let (document, changes) = match &race.write {
        RacingWrite::Delete => {
            state.remove_tree(&key);
            return;
        }
        RacingWrite::Put(document) => (Value::Object(Map::new()), document),
        RacingWrite::Merge(changes) => (
            state
                .documents
                .document(&key)
                .unwrap_or(Value::Object(Map::new())),
            changes,
        ),
    };
    let mut document = document;
    json::merge(&mut document, changes);
    store_as_is(state, &id, document, now);
}

/// Stores a document without asking anybody, its identity filled in.
pub(crate) fn store_as_is(state: &mut State, id: &ResourceId, mut document: Value, now: i64) {
    let key = id.key();
    if let Some(fields) = document.as_object_mut() {
        fields.entry("id").or_insert_with(|| id.to_string().into());
        fields.entry("name").or_insert_with(|| id.name().into());
        fields.entry("type").or_insert_with(|| id.kind().into());
    }
    state
        .documents
        .put(&key, &id.kind().to_ascii_lowercase(), &document, now);
}
