//! Label and field selectors.

use serde_json::Value;

use super::kinds::Kind;
use super::status::{Answer, Status};

/// What an object must be like.
#[derive(Debug, Clone, Default)]
pub(crate) struct Selectors {
    labels: Vec<(String, Test)>,
    /// Pointers into the object, what is wanted there, and whether it is wanted at all.
    fields: Vec<(Vec<String>, String, bool)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Test {
    Exists,
    Absent,
    In(Vec<String>),
    /// Also met by objects without the label.
    NotIn(Vec<String>),
}

impl Selectors {
    /// Reads `labelSelector` and `fieldSelector`.
    pub(crate) fn parse(kind: &Kind, labels: Option<&str>, fields: Option<&str>) -> Answer<Self> {
        let mut selectors = Self::default();
        for part in parts(labels.unwrap_or_default()) {
            selectors.labels.push(label(part)?);
        }
        for part in fields
            .unwrap_or_default()
            .split(',')
            .filter(|part| !part.trim().is_empty())
        {
            selectors.fields.push(field(kind, part)?);
        }
        Ok(selectors)
    }

    /// Whether nothing is asked for.
    pub(crate) fn is_empty(&self) -> bool {
        self.labels.is_empty() && self.fields.is_empty()
    }

    /// Whether an object is like that.
    pub(crate) fn matches(&self, object: &Value) -> bool {
        let labels = &object["metadata"]["labels"];
        let label = |(name, test): &(String, Test)| {
            let value = labels[name.as_str()].as_str();
            match test {
                Test::Exists => value.is_some(),
                Test::Absent => value.is_none(),
                Test::In(values) => value.is_some_and(|value| values.iter().any(|known| known == value)),
                Test::NotIn(values) => value.is_none_or(|value| values.iter().all(|known| known != value)),
            }
        };
        let field = |(path, wanted, equal): &(Vec<String>, String, bool)| {
            let value = path.iter().fold(object, |value, name| &value[name.as_str()]);
            (value.as_str().unwrap_or_default() == wanted) == *equal
        };
        self.labels.iter().all(label) && self.fields.iter().all(field)
    }
}

/// The `LabelSelector` of an object; what cannot be understood selects nothing.
pub(crate) fn selector(selector: &Value) -> Selectors {
    let mut selectors = Selectors::default();
    let none = serde_json::Map::new();
    for (name, value) in selector["matchLabels"].as_object().unwrap_or(&none) {
        let value = value.as_str().unwrap_or_default().to_owned();
        selectors.labels.push((name.clone(), Test::In(vec![value])));
    }
    for expression in selector["matchExpressions"].as_array().into_iter().flatten() {
        let values = expression["values"].as_array().into_iter().flatten();
        let values = values
            .filter_map(|value| value.as_str().map(str::to_owned))
            .collect();
        let test = match expression["operator"].as_str() {
            Some("In") => Test::In(values),
            Some("NotIn") => Test::NotIn(values),
            Some("Exists") => Test::Exists,
            Some("DoesNotExist") => Test::Absent,
            _ => Test::In(Vec::new()),
        };
        let name = expression["key"].as_str().unwrap_or_default().to_owned();
        selectors.labels.push((name, test));
    }
    selectors
}

/// Splits at commas outside parentheses.
fn parts(text: &str) -> Vec<&str> {
    let mut depth = 0_usize;
    text.split(|c| {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        c == ',' && depth == 0
    })
    .map(str::trim)
    .filter(|part| !part.is_empty())
    .collect()
}

fn label(part: &str) -> Answer<(String, Test)> {
    let bad = || Status::bad_request(format!("unable to parse requirement: {part:?}"));
    if let Some(name) = part.strip_prefix('!') {
        return Ok((key(name).ok_or_else(bad)?, Test::Absent));
    }
    for (operator, negative) in [("!=", true), ("==", false), ("=", false)] {
        if let Some((name, value)) = part.split_once(operator) {
            let values = vec![value.trim().to_owned()];
            let test = if negative {
                Test::NotIn(values)
            } else {
                Test::In(values)
            };
            return Ok((key(name).ok_or_else(bad)?, test));
        }
    }
    let Some((head, list)) = part.split_once('(') else {
        return Ok((key(part).ok_or_else(bad)?, Test::Exists));
    };
    let list = list.strip_suffix(')').ok_or_else(bad)?;
    let values = list.split(',').map(|value| value.trim().to_owned()).collect();
    let (name, operator) = head.trim().split_once(char::is_whitespace).ok_or_else(bad)?;
    let test = match operator.trim() {
        "in" => Test::In(values),
        "notin" => Test::NotIn(values),
        _ => return Err(bad()),
    };
    Ok((key(name).ok_or_else(bad)?, test))
}

/// A label's name, if it can be one.
fn key(text: &str) -> Option<String> {
    let text = text.trim();
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/');
    (!text.is_empty() && text.chars().all(allowed)).then(|| text.to_owned())
}

fn field(kind: &Kind, part: &str) -> Answer<(Vec<String>, String, bool)> {
    let (name, wanted, equal) = [("!=", false), ("==", true), ("=", true)]
        .into_iter()
        .find_map(|(operator, equal)| {
            let (name, value) = part.split_once(operator)?;
            Some((name.trim(), value.trim(), equal))
        })
        .ok_or_else(|| {
            Status::bad_request(format!("invalid selector: '{part}'; can't understand '{part}'"))
        })?;
    let known = name == "metadata.name"
        || (kind.namespaced && name == "metadata.namespace")
        || kind.fields.contains(&name);
    if !known {
        return Err(Status::bad_request(format!("field label not supported: {name}")));
    }
    let path = name.split('.').map(str::to_owned).collect();
    Ok((path, wanted.to_owned(), equal))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::kinds;

    fn selected(labels: &str, fields: &str) -> bool {
        let kind = kinds::by_path("", "v1", "pods").unwrap();
        let object = json!({
            "metadata": { "name": "p", "namespace": "n", "labels": { "app": "web", "tier/x": "1" } },
            "status": { "phase": "Running" }
        });
        Selectors::parse(&kind, Some(labels), Some(fields))
            .unwrap()
            .matches(&object)
    }

    #[test]
    fn labels_are_asked_for_by_value_by_set_and_by_presence() {
        for met in [
            "",
            "app=web",
            "app==web,tier/x=1",
            "app in (db, web)",
            "app notin (db),tier/x",
            "!gone",
            "gone!=x",
            "gone notin (x)",
        ] {
            assert!(selected(met, ""), "{met}");
        }
        for unmet in ["app=db", "app!=web", "app in (db)", "!app", "gone", "gone in (x)"] {
            assert!(!selected(unmet, ""), "{unmet}");
        }
    }

    #[test]
    fn fields_are_asked_for_by_value() {
        assert!(selected("", "metadata.name=p,status.phase!=Failed"));
        assert!(!selected("", "metadata.namespace=other"));
    }

    #[test]
    fn what_is_no_selector_and_what_is_no_field_is_refused() {
        let pods = kinds::by_path("", "v1", "pods").unwrap();
        for labels in ["a b", "a in x", "a in (x", "=x", "a ! b"] {
            assert!(Selectors::parse(&pods, Some(labels), None).is_err(), "{labels}");
        }
        for fields in ["spec.none=x", "metadata.name"] {
            assert!(Selectors::parse(&pods, None, Some(fields)).is_err(), "{fields}");
        }
    }
}
