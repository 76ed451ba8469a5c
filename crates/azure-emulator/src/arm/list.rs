//! Pages of a list, with a `nextLink` that says where to go on.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kompox_emulator_core::reply::Reply;
use kompox_emulator_core::request::Request;
use kompox_emulator_core::store::Resource;
use serde_json::{Value, json};

use super::error::{ArmError, ArmResult};
use crate::context::RequestContext;

/// Where a page starts: after this key.
pub(crate) fn start(request: &Request) -> ArmResult<Option<String>> {
    let Some(token) = request.query("$skiptoken") else {
        return Ok(None);
    };
    let invalid = || {
        ArmError::new(
            400,
            "InvalidSkipToken",
            format!("The skip token '{token}' in the request is invalid."),
        )
    };
    let key = URL_SAFE_NO_PAD.decode(token).map_err(|_| invalid())?;
    String::from_utf8(key).map(Some).map_err(|_| invalid())
}

/// Collects one page of serialised entries.
///
/// `render` returns `None` for what a filter leaves out. The page is full when there is one more that
/// it does not leave out, so that the last page carries no link to an empty one.
pub(crate) fn page<'a>(
    cx: &RequestContext<'_>,
    entries: impl Iterator<Item = (&'a Arc<str>, &'a Resource)>,
    mut render: impl FnMut(&str, &'a Resource) -> Option<String>,
) -> ArmResult<Reply> {
    let size = page_size(cx)?;
    let mut body = String::from("{\"value\":[");
    let mut last: Option<&str> = None;
    let mut count = 0;
    let mut next = None;
    for (key, resource) in entries {
        let Some(entry) = render(key, resource) else {
            continue;
        };
        if count == size {
            next = last;
            break;
        }
        if count > 0 {
            body.push(',');
        }
        body.push_str(&entry);
        count += 1;
        last = Some(key);
    }
    body.push(']');
    if let Some(key) = next {
        body.push_str(",\"nextLink\":");
        body.push_str(&serde_json::Value::from(next_link(cx.request, key)).to_string());
    }
    body.push('}');
    Ok(Reply::raw_json(200, body))
}

/// One page of entries that are no stored resources, in their order.
pub(crate) fn of_entries(cx: &RequestContext<'_>, entries: &[Value]) -> ArmResult<Reply> {
    let size = page_size(cx)?;
    let first = match start(cx.request)? {
        None => 0,
        Some(place) => place.parse::<usize>().map_err(|_| {
            ArmError::new(
                400,
                "InvalidSkipToken",
                "The skip token in the request is invalid.",
            )
        })?,
    };
    let end = first.saturating_add(size).min(entries.len());
    let mut body = json!({ "value": entries.get(first..end).unwrap_or_default() });
    if end < entries.len() {
        body["nextLink"] = next_link(cx.request, &end.to_string()).into();
    }
    Ok(Reply::json(200, &body))
}

fn page_size(cx: &RequestContext<'_>) -> ArmResult<usize> {
    let usual = cx.environment.options.page_size.max(1);
    let Some(top) = cx.request.query("$top") else {
        return Ok(usual);
    };
    match top.parse::<usize>() {
        Ok(top) if top > 0 => Ok(top.min(usual)),
        _ => Err(ArmError::new(
            400,
            "InvalidTopInQueryString",
            format!("Invalid $top '{top}' specified in the query string."),
        )),
    }
}

fn next_link(request: &Request, last: &str) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    for name in ["api-version", "$filter", "$expand", "$top"] {
        if let Some(value) = request.query(name) {
            query.append_pair(name, value);
        }
    }
    query.append_pair("$skiptoken", &URL_SAFE_NO_PAD.encode(last));
    format!("{}{}?{}", request.base, request.path, query.finish())
}
