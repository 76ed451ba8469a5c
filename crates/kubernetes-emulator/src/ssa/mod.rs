//! Server-side apply: every leaf of an object is owned by who wrote it last, or by all who apply the same; what one
//! applies and another owns is a conflict; what one does not apply any more goes, unless another owns it.
//!
//! The rules are those of Kubernetes' structured-merge-diff.

pub(super) mod conflict;
pub(super) mod fields;
mod managers;
mod merge;
#[cfg(test)]
mod tests;

use kompox_emulator_core::json::object;
use serde_json::Value;

use super::schema::Type;
pub(super) use conflict::Conflicts;
use fields::{FieldSet, Path};
use managers::Manager;
pub(super) use managers::Operation;

/// Who writes.
#[derive(Debug, Clone)]
pub(super) struct Writer {
    pub(super) name: String,
    pub(super) operation: Operation,
    pub(super) api_version: String,
    /// `status`, or nothing.
    pub(super) subresource: String,
    pub(super) time: String,
}

impl Writer {
    fn manager(&self, set: FieldSet) -> Manager {
        Manager {
            name: self.name.clone(),
            operation: self.operation,
            api_version: self.api_version.clone(),
            subresource: self.subresource.clone(),
            time: self.time.clone(),
            set,
        }
    }
}

/// Why something cannot be applied.
#[derive(Debug)]
pub(super) enum Refusal {
    /// Items of a list cannot be told apart.
    Malformed(String),
    Conflicts(Conflicts),
}

/// Paths that nobody owns: the server says them, or they say which object it is.
const NOBODYS: &[&[&str]] = &[
    &["apiVersion"],
    &["kind"],
    &["metadata", "name"],
    &["metadata", "namespace"],
    &["metadata", "creationTimestamp"],
    &["metadata", "deletionTimestamp"],
    &["metadata", "deletionGracePeriodSeconds"],
    &["metadata", "selfLink"],
    &["metadata", "uid"],
    &["metadata", "generation"],
    &["metadata", "managedFields"],
    &["metadata", "resourceVersion"],
];

fn owned(set: FieldSet) -> FieldSet {
    let nobodys = |path: &Path| {
        NOBODYS.iter().any(|fields| path.starts_with(fields))
            || (path.0.len() == 1 && path.starts_with(&["metadata"]))
    };
    FieldSet(set.0.into_iter().filter(|path| !nobodys(path)).collect())
}

fn without_managers(value: &Value) -> Value {
    let mut value = value.clone();
    object(&mut value, "metadata").remove("managedFields");
    value
}

/// Writes the managers into an object; a writer that owns the same as before keeps its time.
fn note(document: &mut Value, before: &[Manager], mut managers: Vec<Manager>) {
    for manager in &mut managers {
        if let Some(old) = before
            .iter()
            .find(|old| old.same(manager) && old.set == manager.set)
        {
            manager.time.clone_from(&old.time);
        }
    }
    managers.retain(|manager| !manager.set.is_empty());
    let metadata = object(document, "metadata");
    if managers.is_empty() {
        metadata.remove("managedFields");
    } else {
        metadata.insert("managedFields".to_owned(), managers::write(&managers));
    }
}

/// Takes what was changed from all others, or tells whose it is.
fn take(
    kind: &Type,
    live: &Value,
    new: &Value,
    managers: &mut [Manager],
    writer: &Manager,
    force: bool,
) -> Result<merge::Comparison, Conflicts> {
    let mut comparison = merge::compare(kind, live, new);
    comparison.added = owned(comparison.added);
    comparison.modified = owned(comparison.modified);
    let written = comparison.written();
    let mut conflicts = Conflicts::default();
    for other in managers.iter().filter(|other| !other.same(writer)) {
        conflicts.add(other, &other.set.intersection(&written));
    }
    if !force && !conflicts.is_empty() {
        return Err(conflicts);
    }
    for other in managers.iter_mut().filter(|other| !other.same(writer)) {
        other.set = other.set.difference(&written).difference(&comparison.removed);
    }
    Ok(comparison)
}

/// What of a document no schema knows, told as structured-merge-diff does; `None` if all is known.
pub(super) fn undeclared(kind: &Type, document: &Value) -> Option<String> {
    let mut found = Vec::new();
    merge::undeclared(kind, document, "", &mut found);
    match found.as_slice() {
        [] => None,
        [one] => Some(one.clone()),
        several => Some(format!("errors:\n  {}", several.join("\n  "))),
    }
}

/// Applies a document over what is there (`Null` if nothing is), and returns what comes of it.
pub(super) fn apply(
    kind: &Type,
    live: &Value,
    applied: &Value,
    writer: &Writer,
    force: bool,
) -> Result<Value, Refusal> {
    if let Some(why) = merge::malformed(kind, applied, &Path::default()) {
        return Err(Refusal::Malformed(why));
    }
    let before = managers::read(live);
    let live = without_managers(live);
    let applied = without_managers(applied);
    let mut new = live.clone();
    merge::merge(kind, &mut new, &applied);
    let entry = writer.manager(owned(merge::set_of(kind, &applied)));
    let mut managers = before.clone();
    let last = match managers.iter_mut().find(|manager| manager.same(&entry)) {
        Some(manager) => std::mem::replace(manager, entry.clone()).set,
        None => {
            managers.push(entry.clone());
            FieldSet::default()
        }
    };
    // What it applied last time and does not now goes, as far as it is nobody's.
    let held = managers
        .iter()
        .fold(FieldSet::default(), |all, manager| all.union(&manager.set));
    let gone = merge::with_named(kind, &last).difference(&merge::with_named(kind, &held));
    merge::remove(kind, &mut new, &owned(gone));
    take(kind, &live, &new, &mut managers, &entry, force).map_err(Refusal::Conflicts)?;
    note(&mut new, &before, managers);
    Ok(new)
}

/// Notes in a new version of an object who owns what of it now: the writer all that it has changed.
pub(super) fn update(kind: &Type, live: &Value, new: &mut Value, writer: &Writer) {
    let before = managers::read(live);
    let mut managers = before.clone();
    let entry = writer.manager(FieldSet::default());
    let (old, now) = (without_managers(live), without_managers(new));
    let Ok(comparison) = take(kind, &old, &now, &mut managers, &entry, true) else {
        return;
    };
    let written = comparison.written();
    match managers.iter_mut().find(|manager| manager.same(&entry)) {
        Some(manager) => {
            manager.set = manager.set.difference(&comparison.removed).union(&written);
            manager.time.clone_from(&entry.time);
        }
        None => managers.push(Manager {
            set: written,
            ..entry
        }),
    }
    note(new, &before, managers);
}
