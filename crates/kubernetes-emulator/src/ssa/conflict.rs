//! What is said when somebody applies what others own.

use serde_json::{Value, json};

use super::fields::{FieldSet, Path};
use super::managers::{Manager, Operation};

/// Who else owns what was to be changed.
#[derive(Debug, Default)]
pub(crate) struct Conflicts(Vec<(String, Path)>);

impl Conflicts {
    /// Notes what a manager owns of it.
    pub(super) fn add(&mut self, manager: &Manager, set: &FieldSet) {
        let who = shown(manager);
        self.0
            .extend(set.0.iter().map(|path| (who.clone(), path.clone())));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// As kube-apiserver tells them.
    pub(crate) fn message(&self) -> String {
        if let [(who, path)] = self.0.as_slice() {
            return format!("Apply failed with 1 conflict: conflict with {who}: {path}");
        }
        let mut managers: Vec<&String> = self.0.iter().map(|(who, _)| who).collect();
        managers.sort_unstable();
        managers.dedup();
        let mut lines = Vec::new();
        for who in managers {
            lines.push(format!("conflicts with {who}:"));
            let paths = self.0.iter().filter(|(manager, _)| manager == who);
            lines.extend(paths.map(|(_, path)| format!("- {path}")));
        }
        format!(
            "Apply failed with {} conflicts: {}",
            self.0.len(),
            lines.join("\n")
        )
    }

    /// `details.causes`.
    pub(crate) fn causes(&self) -> Value {
        let causes = self.0.iter().map(|(who, path)| {
            json!({
                "reason": "FieldManagerConflict", "message": format!("conflict with {who}"), "field": path.to_string()
            })
        });
        Value::Array(causes.collect())
    }
}

fn shown(manager: &Manager) -> String {
    let mut text = format!("{:?}", manager.name);
    if !manager.subresource.is_empty() {
        text = format!("{text} with subresource {:?}", manager.subresource);
    }
    if manager.operation == Operation::Update {
        text = format!("{text} using {} at {}", manager.api_version, manager.time);
    }
    text
}
