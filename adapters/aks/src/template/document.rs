//! The template that a cluster's stack is made from, as a document.

use std::sync::LazyLock;

use serde::Deserialize;
use serde_json::Value;

/// The text as it is deployed.
const TEXT: &str = include_str!("../../template/main.json");

static TEMPLATE: LazyLock<Value> = LazyLock::new(|| serde_json::from_str(TEXT).unwrap_or_default());

/// The template: ARM JSON at subscription scope.
pub(crate) fn template() -> &'static Value {
    &TEMPLATE
}

/// The parameters that the template declares as secure: their values are shown to nobody.
pub(crate) fn secure() -> impl Iterator<Item = &'static str> {
    let parameters = template().get("parameters").and_then(Value::as_object);
    parameters.into_iter().flatten().filter_map(|(name, parameter)| {
        let kind = parameter.get("type")?.as_str()?;
        kind.to_ascii_lowercase()
            .starts_with("secure")
            .then_some(name.as_str())
    })
}

/// A value with its type, as parameters and outputs are told.
#[derive(Debug, Clone, Deserialize, Default)]
pub(crate) struct Typed {
    #[serde(default)]
    pub(crate) value: Value,
}
