//! Names that are public host names, and so exist once in the whole cloud.

use http::Method;
use kompox_emulator_core::store::State;
use serde_json::{Value, json};

use super::TypeInfo;
use crate::arm::error::{ArmError, ArmResult};
use crate::arm::id::ResourceId;
use crate::arm::version;
use crate::context::RequestContext;

/// The setting that tells of a name which somebody outside the subscription has.
fn setting(host: &str) -> String {
    format!("held:{}", host.to_lowercase())
}

/// Whether somebody outside the subscription has `{name}.{domain}`.
pub(crate) fn is_held(state: &State, name: &str, domain: &str) -> bool {
    state
        .settings
        .get(&setting(&format!("{name}.{domain}")))
        .is_some()
}

/// Lets somebody outside the subscription have a host name, or gives it back.
pub(crate) fn hold(state: &mut State, host: &str, held: bool) {
    state.settings.set(&setting(host), held.then_some("true"));
}

/// What `POST …/checkNameAvailability` of a type asks about, once the caller may ask.
pub(crate) fn asked(cx: &RequestContext<'_>, info: &TypeInfo, action: &str) -> ArmResult<String> {
    if cx.request.method != Method::POST {
        return Err(ArmError::method(&cx.request.method));
    }
    cx.authorize(
        action,
        &ResourceId::of_subscription(cx.subscription()).to_string(),
    )?;
    let region = &cx.environment.options.region;
    version::supported(cx.request, info.namespace, info.kind, info.versions, region)?;
    let body = cx.request.json()?;
    let kind = body["type"].as_str().unwrap_or_default();
    if !kind.eq_ignore_ascii_case(&info.full_name()) {
        return Err(ArmError::new(
            400,
            "BadRequest",
            format!(
                "The type '{kind}' is invalid. The type must be '{}'.",
                info.full_name()
            ),
        ));
    }
    body["name"]
        .as_str()
        .map(str::to_owned)
        .ok_or_else(|| ArmError::new(400, "BadRequest", "The parameter name is not specified."))
}

/// The answer for a name that cannot be had.
pub(crate) fn unavailable(reason: &str, message: &str) -> Value {
    json!({ "nameAvailable": false, "reason": reason, "message": message })
}
