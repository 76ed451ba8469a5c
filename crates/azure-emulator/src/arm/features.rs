//! Features that a subscription has to be registered for before a provider lets it use them.

use http::Method;
use kompox_emulator_core::reply::Reply;
use kompox_emulator_core::store::State;
use serde_json::{Value, json};

use super::error::{ArmError, ArmResult};
use super::id::ResourceId;
use super::version::supported;
use crate::context::RequestContext;

/// Disks and caches of virtual machines that are encrypted where the machine runs.
pub(crate) const ENCRYPTION_AT_HOST: &str = "Microsoft.Compute/EncryptionAtHost";
/// Those there are. A new subscription is registered for none.
const KNOWN: &[&str] = &[ENCRYPTION_AT_HOST];
const VERSIONS: &[&str] = &["2021-07-01", "2015-12-01"];

/// The spelling of a feature, from `Namespace/Name`.
pub(crate) fn canonical(name: &str) -> Option<&'static str> {
    KNOWN
        .iter()
        .find(|known| known.eq_ignore_ascii_case(name))
        .copied()
}

fn setting(feature: &str) -> String {
    format!("feature:{}", feature.to_ascii_lowercase())
}

/// Whether the subscription is registered for a feature.
pub(crate) fn is_registered(state: &State, feature: &str) -> bool {
    state.settings.get(&setting(feature)).is_some()
}

/// Registers the subscription for a feature, or takes the registration back.
pub(crate) fn register(state: &mut State, feature: &str, registered: bool) {
    state
        .settings
        .set(&setting(feature), registered.then_some("true"));
}

/// `…/providers/Microsoft.Features/providers/{namespace}/features[/{name}[/register]]`.
pub(crate) fn handle(cx: &mut RequestContext<'_>, namespace: &str, rest: &[&str]) -> ArmResult<Reply> {
    let region = &cx.environment.options.region;
    supported(cx.request, "Microsoft.Features", "features", VERSIONS, region)?;
    let scope = ResourceId::of_subscription(cx.subscription()).to_string();
    let authorize = |cx: &RequestContext<'_>, verb: &str| {
        cx.authorize(&format!("Microsoft.Features/providers/features/{verb}"), &scope)
    };
    let find = |name: &str| {
        canonical(&format!("{namespace}/{name}")).ok_or_else(|| {
            ArmError::new(
                404,
                "FeatureNotFound",
                format!("The feature '{name}' could not be found."),
            )
        })
    };
    let is_of = |feature: &&&str| {
        let of = feature.split('/').next().unwrap_or_default();
        of.eq_ignore_ascii_case(namespace)
    };
    match (&cx.request.method, rest) {
        (&Method::GET, []) => {
            authorize(cx, "read")?;
            let all: Vec<Value> = KNOWN
                .iter()
                .filter(is_of)
                .map(|feature| document(cx, feature))
                .collect();
            Ok(Reply::json(200, &json!({ "value": all })))
        }
        (&Method::GET, [name]) => {
            authorize(cx, "read")?;
            Ok(Reply::json(200, &document(cx, find(name)?)))
        }
        (&Method::POST, [name, verb @ ("register" | "unregister")]) => {
            authorize(cx, &format!("{verb}/action"))?;
            let feature = find(name)?;
            register(cx.state, feature, *verb == "register");
            Ok(Reply::json(200, &document(cx, feature)))
        }
        _ => Err(ArmError::method(&cx.request.method)),
    }
}

fn document(cx: &RequestContext<'_>, feature: &str) -> Value {
    let (namespace, name) = feature.split_once('/').unwrap_or_default();
    let state = if is_registered(cx.state, feature) {
        "Registered"
    } else {
        "NotRegistered"
    };
    json!({
        "id": format!(
            "/subscriptions/{}/providers/Microsoft.Features/providers/{namespace}/features/{name}",
            cx.subscription()
        ),
        "name": feature,
        "type": "Microsoft.Features/providers/features",
        "properties": { "state": state }
    })
}
