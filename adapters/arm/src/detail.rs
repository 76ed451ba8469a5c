//! The tree of errors that ARM tells, read leniently.

use serde::Deserialize;

use crate::shown::{clip, path, word};

/// How deep nested errors are followed: an answer may be hostile.
pub(crate) const MAX_DEPTH: usize = 8;
pub(crate) const MAX_POLICIES: usize = 20;
/// A larger body is shown, not read: JSON in memory may take thirty times its length.
pub(crate) const MAX_PARSED: usize = 1 << 20;
/// How many errors of one tree are kept.
const MAX_DETAILS: usize = 100;

/// One error, with those that it follows from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ErrorDetail {
    /// ARM's error code; empty if there was none.
    pub code: String,
    /// What it says; empty if it says nothing.
    pub message: String,
    /// What it is about.
    pub target: Option<String>,
    /// Names of the policies that forbid it.
    pub policies: Vec<String>,
    /// The errors that it follows from.
    pub details: Vec<ErrorDetail>,
}

impl ErrorDetail {
    /// Reads an error: an envelope, an error without one, a text that holds either as JSON, or any other text. None
    /// where nothing is said.
    #[must_use]
    pub fn parse(json: &str) -> Option<Self> {
        if json.len() > MAX_PARSED {
            return None;
        }
        let detail = match serde_json::from_str::<Envelope>(json) {
            Ok(envelope) => Self::from_body(&inner(envelope)),
            // Some put the whole error into a text.
            Err(_) => Self::from_body(&Body {
                message: Some(serde_json::from_str::<String>(json).ok()?),
                ..Body::default()
            }),
        };
        (detail != Self::default()).then_some(detail)
    }

    pub(crate) fn from_body(body: &Body) -> Self {
        Self::within(body, 0, &mut MAX_DETAILS.clone())
    }

    fn within(body: &Body, depth: usize, room: &mut usize) -> Self {
        let mut detail = Self {
            code: body.code.as_deref().map(word).unwrap_or_default(),
            target: body
                .target
                .as_deref()
                .map(path)
                .filter(|target| !target.is_empty()),
            policies: body.policies().take(MAX_POLICIES).collect(),
            ..Self::default()
        };
        let mut add = |detail: &mut Self, body: &Body| {
            if depth < MAX_DEPTH && *room > 0 {
                *room -= 1;
                detail.details.push(Self::within(body, depth + 1, room));
            }
        };
        let message = body.message.as_deref().unwrap_or_default().trim();
        if let Some(nested) = nested(message) {
            add(&mut detail, &nested);
            if let Some(first) = detail.details.first() {
                detail.message.clone_from(&first.message);
            }
        } else {
            detail.message = clip(message);
        }
        for nested in &body.details {
            add(&mut detail, nested);
        }
        detail
    }
}

/// The error that a message holds as JSON: nested deployments put a whole one into a text.
pub(crate) fn nested(message: &str) -> Option<Body> {
    let looks_like = message.starts_with('{') && message.len() <= MAX_PARSED;
    let envelope: Envelope = looks_like.then(|| serde_json::from_str(message).ok()).flatten()?;
    let body = inner(envelope);
    (body.code.is_some() || body.message.is_some()).then_some(body)
}

pub(crate) fn inner(envelope: Envelope) -> Body {
    envelope.error.unwrap_or(envelope.bare)
}

impl Body {
    /// The names of the policies that it says forbid it.
    pub(crate) fn policies(&self) -> impl Iterator<Item = String> {
        self.additional_info
            .iter()
            .filter(|info| info.kind.as_deref() == Some("PolicyViolation"))
            .filter_map(|info| {
                let name = |key: &str| info.info.get(key).and_then(serde_json::Value::as_str);
                name("policyDefinitionDisplayName").or_else(|| name("policyDefinitionName"))
            })
            .map(word)
    }
}

#[derive(Deserialize)]
pub(crate) struct Envelope {
    pub(crate) error: Option<Body>,
    // Some providers leave the envelope out.
    #[serde(flatten)]
    pub(crate) bare: Body,
}

#[derive(Deserialize, Default)]
pub(crate) struct Body {
    #[serde(default, deserialize_with = "lenient_text", alias = "Code")]
    pub(crate) code: Option<String>,
    #[serde(default, deserialize_with = "lenient_text", alias = "Message")]
    pub(crate) message: Option<String>,
    #[serde(default, deserialize_with = "lenient_text")]
    pub(crate) target: Option<String>,
    #[serde(default, deserialize_with = "lenient_list")]
    pub(crate) details: Vec<Body>,
    #[serde(default, rename = "additionalInfo", deserialize_with = "lenient_list")]
    pub(crate) additional_info: Vec<AdditionalInfo>,
}

#[derive(Deserialize)]
pub(crate) struct AdditionalInfo {
    #[serde(rename = "type", default, deserialize_with = "lenient_text")]
    kind: Option<String>,
    #[serde(default)]
    info: serde_json::Value,
}

/// A text; anything else counts as absent, so that a strange field does not hide the rest.
fn lenient_text<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(match serde_json::Value::deserialize(deserializer)? {
        serde_json::Value::String(text) => Some(text),
        serde_json::Value::Number(number) => Some(number.to_string()),
        _ => None,
    })
}

fn lenient_list<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: serde::Deserializer<'de>,
    T: serde::de::DeserializeOwned,
{
    Ok(match serde_json::Value::deserialize(deserializer)? {
        serde_json::Value::Array(items) => items
            .into_iter()
            .filter_map(|item| serde_json::from_value(item).ok())
            .collect(),
        _ => vec![],
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_tree_comes_out_as_it_is_and_json_in_a_message_is_one_more_level() {
        let text = r#"{"error":{"code":"Outer","message":"outer","details":[
            {"code":"Inner","target":"/x","message":"{\"error\":{\"code\":\"Deep\",\"message\":\"the real cause\"}}"}]}}"#;
        let outer = ErrorDetail::parse(text).unwrap();
        let inner = &outer.details[0];
        assert_eq!((outer.code.as_str(), inner.code.as_str()), ("Outer", "Inner"));
        assert_eq!(
            (inner.message.as_str(), inner.target.as_deref()),
            ("the real cause", Some("/x"))
        );
        assert_eq!(inner.details[0].code, "Deep");
    }

    #[test]
    fn the_id_of_a_resource_stays_whole_however_deep_it_lies() {
        let id = format!("/subscriptions/s{}", "/resourceGroups/a-long-name".repeat(20));
        let text = json!({"error": {"code": "c", "message": "m", "target": id}}).to_string();
        let parsed = ErrorDetail::parse(&text).unwrap();
        assert_eq!(parsed.target, Some(id));
    }

    #[test]
    fn an_error_in_a_text_a_bare_one_and_a_plain_text_are_understood() {
        let bare = ErrorDetail::parse(r#"{"code":"C","message":"m"}"#).unwrap();
        let text = ErrorDetail::parse(r#""{\"code\":\"C\",\"message\":\"m\"}""#).unwrap();
        assert_eq!(text.details, [bare]);
        assert_eq!(ErrorDetail::parse(r#""no""#).unwrap().message, "no");
        for nothing in ["{}", "null", "[]", "7", "", "\"\""] {
            assert_eq!(ErrorDetail::parse(nothing), None, "{nothing}");
        }
    }

    #[test]
    fn depth_and_number_are_bounded() {
        fn count(detail: &ErrorDetail) -> usize {
            1 + detail.details.iter().map(count).sum::<usize>()
        }
        let many = format!(
            r#"{{"code":"c","details":[{}{{}}]}}"#,
            r#"{"code":"d"},"#.repeat(1_000)
        );
        assert_eq!(count(&ErrorDetail::parse(&many).unwrap()), MAX_DETAILS + 1);
        let deep = format!(
            "{}{{}}{}",
            r#"{"code":"c","details":["#.repeat(50),
            "]}".repeat(50)
        );
        assert_eq!(count(&ErrorDetail::parse(&deep).unwrap()), MAX_DEPTH + 1);
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,200}") {
            let _ = ErrorDetail::parse(&text);
        }
    }
}
