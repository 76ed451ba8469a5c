//! Reading objects: one, a list, or the beginning of a watch.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kompox_emulator_core::json::ticks;
use kompox_emulator_core::reply::Reply;
use kompox_emulator_core::request::Request;
use serde_json::json;

use super::logs;
use super::objects::Objects;
use super::request::{Part, Target};
use super::response::Response;
use super::selectors::Selectors;
use super::status::{Answer, Status};
use super::table::{self, Include};
use super::watch::Stream;

/// `GET` of an object, of its status, or of a pod's log.
pub(crate) fn get(
    objects: &Objects<'_>,
    request: &Request,
    target: &Target<'_>,
    name: &str,
) -> Answer<Reply> {
    let document = objects
        .get(target.scope(), name)
        .ok_or_else(|| Status::not_found(&target.kind, name))?;
    if target.part == Part::Log {
        return logs::read(objects, request, &document);
    }
    if table::is_wanted(request) {
        let version = json!({ "resourceVersion": document["metadata"]["resourceVersion"] });
        let include = Include::of(request)?;
        let table = table::table(include, &target.kind, &version, &[document], objects.now);
        return Ok(Reply::json(200, &table));
    }
    Ok(Reply::json(200, &document))
}

fn selectors(request: &Request, target: &Target<'_>) -> Answer<Selectors> {
    Selectors::parse(
        &target.kind,
        request.query("labelSelector"),
        request.query("fieldSelector"),
    )
}

fn whole_number<T: std::str::FromStr>(request: &Request, name: &str) -> Answer<Option<T>> {
    match request.query(name) {
        None | Some("" | "0") => Ok(None),
        Some(text) => text
            .parse()
            .map(Some)
            .map_err(|_| Status::bad_request(format!("Invalid value: {text:?}: must be a whole number"))),
    }
}

/// `GET` of a list.
pub(crate) fn list(objects: &Objects<'_>, request: &Request, target: &Target<'_>) -> Answer<Reply> {
    let selectors = selectors(request, target)?;
    let limit = whole_number::<usize>(request, "limit")?;
    let last = match request.query("continue") {
        None | Some("") => None,
        Some(token) => Some(
            URL_SAFE_NO_PAD
                .decode(token)
                .ok()
                .and_then(|bytes| String::from_utf8(bytes).ok())
                .ok_or_else(Status::expired)?,
        ),
    };
    let page = objects.page(target.scope(), last.as_deref(), limit, |object| {
        selectors.matches(object)
    });
    let mut metadata = json!({ "resourceVersion": objects.revision().to_string() });
    if let Some(last) = &page.last {
        metadata["continue"] = URL_SAFE_NO_PAD.encode(last).into();
    }
    if table::is_wanted(request) {
        let include = Include::of(request)?;
        let table = table::table(include, &target.kind, &metadata, &page.items, objects.now);
        return Ok(Reply::json(200, &table));
    }
    Ok(Reply::json(
        200,
        &json!({
            "kind": format!("{}List", target.kind.kind),
            "apiVersion": target.kind.api_version(),
            "metadata": metadata,
            "items": page.items
        }),
    ))
}

/// `GET` of a list with `watch`.
pub(crate) fn watch(objects: &Objects<'_>, request: &Request, target: &Target<'_>) -> Answer<Response> {
    let flag = |name: &str| matches!(request.query(name), Some("true" | "1"));
    // Without a number, or with 0, a watch begins with what there is.
    let from = whole_number::<u64>(request, "resourceVersion")?;
    let with_list = flag("sendInitialEvents");
    let seconds = whole_number::<u64>(request, "timeoutSeconds")?;
    let ends = seconds.map(|seconds| {
        let most = std::time::Duration::from_secs(seconds.min(86_400));
        objects.now.saturating_add(ticks(most))
    });
    let include = if table::is_wanted(request) {
        Some(Include::of(request)?)
    } else {
        None
    };
    let stream = Box::new(Stream {
        cluster: objects.uid().to_owned(),
        kind: target.kind.clone(),
        namespace: target.namespace.map(str::to_owned),
        selectors: selectors(request, target)?,
        seen: from.filter(|_| !with_list),
        bookmarks: flag("allowWatchBookmarks"),
        with_list,
        include,
        ends,
    });
    Ok(Response {
        reply: Reply::empty(200).with("Content-Type", "application/json"),
        stream: Some(stream),
    })
}
